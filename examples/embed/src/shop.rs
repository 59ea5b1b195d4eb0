//! The service. Its events are part of what it promises, like its functions:
//!
//! | event | arguments | a veto |
//! |---|---|---|
//! | `order.created` | `id`, `customer`, `total` | refuses the order |
//! | `order.pay` | `id`, `total` | refuses the payment; afters get its `errno` |
//! | `order.shipped` | `id` | is too late: the parcel is gone |

use std::io;

use audithook_bus::{Denied, emit, guard};

/// What a customer wants.
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) customer: &'static str,
    pub(crate) total: f64,
}

/// Why an order is not shipped.
#[derive(Debug)]
pub(crate) enum OrderError {
    Refused(Denied),
    Unpaid(io::Error),
}

impl std::fmt::Display for OrderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(denied) => write!(f, "refused: {denied}"),
            Self::Unpaid(error) => write!(f, "not paid: {error}"),
        }
    }
}

impl From<Denied> for OrderError {
    fn from(denied: Denied) -> Self {
        Self::Refused(denied)
    }
}

/// Takes orders.
#[derive(Default)]
pub(crate) struct Shop {
    income: f64,
}

impl Shop {
    pub(crate) fn serve(&mut self, order: Order) -> Result<(), OrderError> {
        let Order {
            id,
            customer,
            total,
        } = order;
        // An event that may be refused: `?` is all it takes.
        emit!("order.created", id, customer, total)?;
        self.pay(id, customer, total)?;
        // An event that only tells: its answer does not matter.
        let _ = emit!("order.shipped", id);
        Ok(())
    }

    fn pay(&mut self, id: u64, customer: &str, total: f64) -> Result<(), OrderError> {
        // An operation: hooks run before it, and again when it ended, with its result.
        let operation = guard!("order.pay", id, total)?;
        let paid = operation
            .finish_with(charge(customer, total))
            .map_err(OrderError::Unpaid)?;
        self.income += paid;
        tracing::debug!(income = self.income, "paid");
        Ok(())
    }
}

/// Stands for a payment service that does not like everybody.
fn charge(customer: &str, total: f64) -> io::Result<f64> {
    if customer == "dave" {
        tracing::warn!(customer, "the card was declined");
        return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
    }
    Ok(total)
}
