//! What happens one at a time: create, attach, report, destroy.

use std::sync::{Arc, PoisonError};

use audithook_bus::symbol;
use audithook_loader::{AttachError, Attachment, CreateError, Instance, Plugin, Services};

use super::services::LaneServices;
use super::{Hooks, answer, end};
use crate::channel::{Broken, Channel};
use crate::message::{Answer, Request};

/// Answers until the host has had enough, or is gone.
pub(super) fn run(
    mut control: Channel,
    plugin: &Plugin,
    services: &Arc<LaneServices>,
    hooks: &Hooks,
) -> Result<(), Broken> {
    let mut instance = None;
    loop {
        let request = match control.receive() {
            Ok((_, request)) => serde_json::from_slice(request),
            Err(_) => end(),
        };
        let request = request.map_err(|_| Broken::Nonsense("no such request"))?;
        let said = match request {
            Request::Create { config } => {
                let services: Arc<dyn Services> = Arc::clone(services) as _;
                match plugin.create(services, &config) {
                    Ok(created) => {
                        instance = Some(created);
                        Answer::Done
                    }
                    Err(CreateError::ConfigRefused { reason, .. }) => {
                        Answer::BadArgument(reason.into_owned())
                    }
                    Err(CreateError::Failed { reason, .. }) => Answer::Failed(reason.into_owned()),
                    Err(error) => Answer::Failed(error.to_string()),
                }
            }
            Request::Destroy => {
                let mut hooks = hooks.write().unwrap_or_else(PoisonError::into_inner);
                hooks.clear();
                drop(hooks);
                instance = None;
                Answer::Done
            }
            other => match &instance {
                Some(instance) => ask(instance, other, hooks),
                None => Answer::Failed("there is no instance".to_owned()),
            },
        };
        answer(&mut control, &said)?;
    }
}

fn ask(instance: &Instance, request: Request, hooks: &Hooks) -> Answer {
    match request {
        Request::Attach { number, request } => {
            let on: Vec<&str> = request.on.iter().map(String::as_str).collect();
            let attached = instance.attach(&Attachment {
                function: &request.function,
                with: &request.with,
                name: &request.name,
                on: &on,
            });
            match attached {
                Ok(attached) => {
                    let mut hooks = hooks.write().unwrap_or_else(PoisonError::into_inner);
                    let place = number as usize;
                    if hooks.len() <= place {
                        hooks.resize(place + 1, None);
                    }
                    hooks[place] = Some(attached);
                    Answer::Done
                }
                Err(AttachError::WithRefused { reason, .. }) => {
                    Answer::BadArgument(reason.into_owned())
                }
                Err(AttachError::Failed { reason, .. }) => Answer::Failed(reason.into_owned()),
                Err(error) => Answer::Failed(error.to_string()),
            }
        }
        Request::Detach { number } => {
            let mut hooks = hooks.write().unwrap_or_else(PoisonError::into_inner);
            let attached = hooks.get_mut(number as usize).and_then(Option::take);
            drop(hooks);
            drop(attached);
            Answer::Done
        }
        Request::Report { json: false } => match instance.report() {
            Ok(report) => Answer::Report(report),
            Err(error) => Answer::Failed(error.to_string()),
        },
        Request::Report { json: true } => match instance.report_json() {
            Ok(report) => Answer::Report(report.map(|report| report.to_string())),
            Err(error) => Answer::Failed(error.to_string()),
        },
        Request::Counters => {
            let counters = instance.counters().into_iter();
            Answer::Counters(
                counters
                    .filter_map(|(name, count)| Some((symbol::text(name)?.to_owned(), count)))
                    .collect(),
            )
        }
        Request::Create { .. } | Request::Destroy => Answer::Done,
    }
}
