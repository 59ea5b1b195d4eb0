//! `audithook plugin`

mod apart;
mod inspect;
mod list;
mod new;
mod report;

use super::arguments::Plugin;
use super::failure::{Answer, Failure};
use super::terminal::Terminal;

pub(super) fn run(arguments: &Plugin, terminal: &mut Terminal) -> Result<Answer, Failure> {
    match arguments {
        Plugin::List(list) => list::run(list, terminal),
        Plugin::New(new) => new::run(new, terminal),
        Plugin::Inspect(inspect) => inspect::run(inspect, terminal),
    }
}
