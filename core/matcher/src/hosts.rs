//! What the lists over hosts say of a name or an address.
//!
//! Names are a map from every name and every suffix that an entry has: a look-up for each label. Networks are cut into the
//! intervals in which the innermost network stays the same, sorted, with an index over the leading bits; a network knows
//! the next one around it.

use crate::Protocol;
use crate::format::{HOST_ITEM_SIZE, NET_SIZE, NONE, host_class};
use crate::host::as_ipv4;
use crate::judgement::Rules;
use crate::table::{Map, Numbers, Row, Rows};

/// The entries of all lists over hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hosts<'a> {
    pub(crate) names: Map<'a>,
    pub(crate) items: Rows<'a, HOST_ITEM_SIZE>,
    pub(crate) any: Rows<'a, HOST_ITEM_SIZE>,
    pub(crate) nets: Rows<'a, NET_SIZE>,
    pub(crate) net4_starts: Numbers<'a>,
    pub(crate) net4_nets: Numbers<'a>,
    pub(crate) net4_index: Numbers<'a>,
    pub(crate) net4_bits: u32,
    pub(crate) net6_starts: Rows<'a, 16>,
    pub(crate) net6_nets: Numbers<'a>,
}

/// Which ports and protocols are asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach {
    /// Any of them: looking a name up.
    Some,
    /// This one; what is not known is allowed by no entry that names one, and denied by each.
    Exactly(Option<u16>, Option<Protocol>),
}

/// What matched a host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostHits {
    /// The list has an entry for every host that matches.
    pub(crate) any: bool,
    /// The list has an entry of its own that matches.
    pub(crate) own: bool,
    /// The rules of the entries of `deny`.
    pub(crate) denied: Rules,
}

impl HostHits {
    pub(crate) const NONE: Self = Self {
        any: false,
        own: false,
        denied: Rules::NONE,
    };

    pub(crate) const fn listed(&self) -> bool {
        self.any || self.own
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.any |= other.any;
        self.own |= other.own;
        for &rule in other.denied.as_slice() {
            self.denied.insert(rule);
        }
    }
}

/// A question: which list, and what is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query {
    /// One of [`host_class`]: `deny` is always looked at.
    pub(crate) list: u8,
    pub(crate) reach: Reach,
}

impl Hosts<'_> {
    /// What the entries say of a normalised name.
    pub(crate) fn look_up_name(&self, name: &[u8], query: Query) -> HostHits {
        let mut hits = self.every_host(query);
        let mut rest = name;
        let mut whole = true;
        loop {
            if let Some(entry) = self.names.find(rest) {
                let (first, count) = if whole { entry.own } else { entry.below };
                query.take(
                    self.items.range(first, count),
                    &mut hits.own,
                    &mut hits.denied,
                );
            }
            let Some(dot) = rest.iter().position(|&byte| byte == b'.') else {
                return hits;
            };
            rest = &rest[dot + 1..];
            whole = false;
        }
    }

    /// What the entries say of a canonical address.
    pub(crate) fn look_up_address(&self, address: &[u8; 16], query: Query) -> HostHits {
        let mut hits = self.every_host(query);
        let mut number = match as_ipv4(address) {
            Some(address) => self.innermost4(address),
            None => self.innermost6(address),
        };
        // A network lies in a shorter one, so there are at most 129 around an address.
        for _ in 0..=128 {
            let Some(net) = number.and_then(|number| self.nets.get(number)) else {
                break;
            };
            let items = self.items.range(net.field(1), net.field(2));
            query.take(items, &mut hits.own, &mut hits.denied);
            number = Some(net.field(0));
        }
        hits
    }

    fn every_host(&self, query: Query) -> HostHits {
        let mut hits = HostHits::NONE;
        query.take(self.any, &mut hits.any, &mut hits.denied);
        hits
    }

    fn innermost4(&self, address: u32) -> Option<u32> {
        let bits = self.net4_bits.min(31);
        let leading = if bits == 0 { 0 } else { address >> (32 - bits) };
        // The last start below the leading bits' first address still reaches into them.
        let mut low = self.net4_index.number(leading)?.saturating_sub(1);
        let mut high = self.net4_index.number(leading + 1)?;
        while high.saturating_sub(low) > 1 {
            let middle = low + (high - low) / 2;
            if self.net4_starts.number(middle)? <= address {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.net4_nets.number(low).filter(|&net| net != NONE)
    }

    fn innermost6(&self, address: &[u8; 16]) -> Option<u32> {
        let (mut low, mut high) = (0, self.net6_starts.len());
        while high.saturating_sub(low) > 1 {
            let middle = low + (high - low) / 2;
            if self.net6_starts.get(middle)?.bytes() <= address {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.net6_nets.number(low).filter(|&net| net != NONE)
    }
}

impl Query {
    fn take(self, items: Rows<'_, HOST_ITEM_SIZE>, listed: &mut bool, denied: &mut Rules) {
        for item in items.iter() {
            let item = HostItem::read(item);
            if item.class & self.list != 0 && item.allows(self.reach) {
                *listed = true;
            }
            if item.class & host_class::DENY != 0 && item.denies(self.reach) {
                denied.insert(item.rule);
            }
        }
    }
}

struct HostItem {
    class: u8,
    protocol: Protocol,
    ports: Option<(u16, u16)>,
    rule: u32,
}

impl HostItem {
    #[inline]
    fn read(row: Row<'_, HOST_ITEM_SIZE>) -> Self {
        let &[class, protocol, has_ports, _, a, b, c, d, ..] = row.bytes();
        Self {
            class,
            protocol: Protocol::from_number(protocol).unwrap_or_default(),
            ports: (has_ports != 0)
                .then(|| (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))),
            rule: row.field(2),
        }
    }

    fn allows(&self, reach: Reach) -> bool {
        let Reach::Exactly(port, protocol) = reach else {
            return true;
        };
        let protocol_fits = self.protocol == Protocol::Any || Some(self.protocol) == protocol;
        let port_fits = self
            .ports
            .is_none_or(|(first, last)| port.is_some_and(|port| (first..=last).contains(&port)));
        protocol_fits && port_fits
    }

    /// An entry that names ports leaves the others: it does not keep the host from being looked up.
    fn denies(&self, reach: Reach) -> bool {
        let Reach::Exactly(port, protocol) = reach else {
            return self.ports.is_none();
        };
        let protocol_fits = self.protocol == Protocol::Any
            || protocol.is_none_or(|protocol| protocol == self.protocol);
        let port_fits = self
            .ports
            .is_none_or(|(first, last)| port.is_none_or(|port| (first..=last).contains(&port)));
        protocol_fits && port_fits
    }
}
