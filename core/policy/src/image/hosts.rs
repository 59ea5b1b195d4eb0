//! The lists over hosts, as the matcher looks them up: see `audithook_matcher`'s module of the same name.

use std::collections::BTreeMap;

use audithook_matcher::format::{Field, NONE, Section, host_class};
use audithook_matcher::host::{self, Host, HostBuffer};

use super::layout::{Layout, MapBuilder, number, push_all};
use super::{BuildError, HostEntry, HostPattern, NetworkRules};

/// Starts are indexed by this many leading bits of an address at most.
const MOST_INDEX_BITS: u32 = 16;

/// An entry: its class, and the rest.
type Item<'i> = (u8, &'i HostEntry);

#[derive(Default)]
struct HostsBuilder<'i> {
    names: BTreeMap<Vec<u8>, (Vec<Item<'i>>, Vec<Item<'i>>)>,
    any: Vec<Item<'i>>,
    /// By first and last address.
    nets4: BTreeMap<Net<u32>, Vec<Item<'i>>>,
    nets6: BTreeMap<Net<u128>, Vec<Item<'i>>>,
}

/// The addresses of a network. Ordered so that a network stands before those that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Net<A> {
    first: A,
    last: A,
}

impl<A: Ord> Ord for Net<A> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.first
            .cmp(&other.first)
            .then_with(|| other.last.cmp(&self.last))
    }
}

impl<A: Ord> PartialOrd for Net<A> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

pub(super) fn write(layout: &mut Layout, network: &NetworkRules) -> Result<(), BuildError> {
    let mut hosts = HostsBuilder::default();
    for (class, list) in [
        (host_class::CONNECT, &network.connect),
        (host_class::BIND, &network.bind),
    ] {
        for entry in list.iter().flat_map(|list| &list.entries) {
            hosts.add(class, entry)?;
        }
    }
    for entry in &network.deny {
        hosts.add(host_class::DENY, entry)?;
    }
    layout.set(Field::NamesHosts, u32::from(!hosts.names.is_empty()));
    hosts.finish(layout)
}

impl<'i> HostsBuilder<'i> {
    fn add(&mut self, class: u8, entry: &'i HostEntry) -> Result<(), BuildError> {
        if let Some((first, last)) = entry.ports
            && first > last
        {
            return Err(BuildError::Ports(first, last));
        }
        let item = (class, entry);
        match &entry.host {
            HostPattern::Any => self.any.push(item),
            HostPattern::Name(name) => self
                .names
                .entry(checked_name(name)?)
                .or_default()
                .0
                .push(item),
            HostPattern::Suffix(name) => self
                .names
                .entry(checked_name(name)?)
                .or_default()
                .1
                .push(item),
            HostPattern::Net { address, prefix } => self.add_net(*address, *prefix, item)?,
        }
        Ok(())
    }

    fn add_net(&mut self, address: [u8; 16], prefix: u8, item: Item<'i>) -> Result<(), BuildError> {
        if prefix > 128 {
            return Err(BuildError::Prefix(prefix));
        }
        let canonical = if prefix >= 96 {
            host::canonical(address)
        } else {
            address
        };
        match host::as_ipv4(&canonical) {
            Some(address) if prefix >= 96 => {
                let hosts = u32::MAX.checked_shr(u32::from(prefix) - 96).unwrap_or(0);
                let net = Net {
                    first: address & !hosts,
                    last: address | hosts,
                };
                self.nets4.entry(net).or_default().push(item);
            }
            _ => {
                let address = u128::from_be_bytes(address);
                let hosts = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                let net = Net {
                    first: address & !hosts,
                    last: address | hosts,
                };
                self.nets6.entry(net).or_default().push(item);
            }
        }
        Ok(())
    }

    fn finish(self, layout: &mut Layout) -> Result<(), BuildError> {
        let mut map = MapBuilder::new();
        for (name, (own, below)) in self.names {
            let handle = map.key(0, &name)?;
            *map.own(handle) = own;
            *map.below(handle) = below;
        }
        map.finish(
            layout,
            (Section::HostSlots, Section::HostRecords),
            write_items,
        )?;
        for item in &self.any {
            let bytes = item_bytes(item);
            layout.section(Section::AnyHost).extend(bytes);
        }

        let changes4 = write_nets(layout, &self.nets4, |last| last.checked_add(1))?;
        let starts4: Vec<u32> = changes4.iter().map(|change| change.0).collect();
        for &(start, net) in &changes4 {
            push_all(layout.section(Section::Net4Starts), &[start]);
            push_all(layout.section(Section::Net4Nets), &[net]);
        }
        write_index(layout, &starts4)?;
        for (start, net) in write_nets(layout, &self.nets6, |last| last.checked_add(1))? {
            layout
                .section(Section::Net6Starts)
                .extend(start.to_be_bytes());
            push_all(layout.section(Section::Net6Nets), &[net]);
        }
        Ok(())
    }
}

/// Writes networks, and says where the innermost one changes, and to which.
fn write_nets<A: Copy + Ord + Default>(
    layout: &mut Layout,
    nets: &BTreeMap<Net<A>, Vec<Item<'_>>>,
    after: impl Fn(A) -> Option<A>,
) -> Result<Vec<(A, u32)>, BuildError> {
    let mut changes: Vec<(A, u32)> = vec![(A::default(), NONE)];
    // The networks around the place, outermost first.
    let mut around: Vec<(A, u32)> = Vec::new();
    let close = |around: &mut Vec<(A, u32)>, changes: &mut Vec<(A, u32)>, before: Option<A>| {
        while let Some(&(last, _)) = around.last()
            && before.is_none_or(|first| last < first)
        {
            around.pop();
            if let Some(start) = after(last) {
                changes.push((start, around.last().map_or(NONE, |&(_, net)| net)));
            }
        }
    };
    for (net, items) in nets {
        close(&mut around, &mut changes, Some(net.first));
        let (first, count) = write_items(layout, items)?;
        let parent = around.last().map_or(NONE, |&(_, net)| net);
        let place = layout.push(Section::Nets, &[parent, first, count])?;
        around.push((net.last, place));
        changes.push((net.first, place));
    }
    close(&mut around, &mut changes, None);
    if nets.is_empty() {
        changes.clear();
    }
    // Of several changes at one address the last one holds.
    let mut kept: Vec<(A, u32)> = Vec::with_capacity(changes.len());
    for change in changes {
        match kept.last_mut() {
            Some(last) if last.0 == change.0 => *last = change,
            _ => kept.push(change),
        }
    }
    Ok(kept)
}

/// Writes how many starts lie below the addresses that begin with each value of the leading bits.
fn write_index(layout: &mut Layout, starts: &[u32]) -> Result<(), BuildError> {
    if starts.is_empty() {
        return Ok(());
    }
    let bits = starts.len().ilog2().min(MOST_INDEX_BITS);
    layout.set(Field::Net4Bits, bits);
    for leading in 0..=1_u64 << bits {
        let first = leading << (32 - bits);
        let below = starts.partition_point(|&start| u64::from(start) < first);
        let below = number(below)?;
        push_all(layout.section(Section::Net4Index), &[below]);
    }
    Ok(())
}

fn write_items(layout: &mut Layout, items: &[Item<'_>]) -> Result<(u32, u32), BuildError> {
    let first = layout.count(
        Section::HostItems,
        audithook_matcher::format::HOST_ITEM_SIZE,
    )?;
    for item in items {
        let bytes = item_bytes(item);
        layout.section(Section::HostItems).extend(bytes);
    }
    Ok((first, number(items.len())?))
}

fn item_bytes(&(class, entry): &Item<'_>) -> Vec<u8> {
    let (first, last) = entry.ports.unwrap_or((0, 0));
    let mut bytes = vec![class, entry.protocol as u8, entry.ports.is_some().into(), 0];
    bytes.extend(first.to_le_bytes());
    bytes.extend(last.to_le_bytes());
    bytes.extend(entry.rule.to_le_bytes());
    bytes
}

/// A name that is in its one form: another one would never match.
fn checked_name(name: &str) -> Result<Vec<u8>, BuildError> {
    let mut buffer = HostBuffer::new();
    match host::normalise(name.as_bytes(), &mut buffer) {
        Ok(Host::Name(normalised)) if normalised == name.as_bytes() => Ok(normalised.to_vec()),
        _ => Err(BuildError::Host(name.to_owned())),
    }
}
