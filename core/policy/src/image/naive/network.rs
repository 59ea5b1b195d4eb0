//! `[network]`, as plainly as possible.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use audithook_abi::View;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::super::{HostEntry, HostList, HostPattern, ImageInput, Mode, Protocol};
use super::{Case, Opinion, Said, covers, first, is_resolved, list_has};

/// Judges an answer of a resolver.
#[must_use]
pub fn judge_answer(input: &ImageInput, name: &str, address: IpAddr) -> Opinion {
    let mut said = Said::default();
    if input.mode != Mode::Off && name.parse::<IpAddr>().is_err() {
        let network = &input.network;
        for entry in &network.deny {
            let hit = matches_address(entry, address)
                || reached(address) != address && matches_address(entry, reached(address));
            if hit && entry.ports.is_none() {
                said.deny(entry.rule);
            }
        }
        let listed = |address, any| {
            network
                .connect
                .iter()
                .flat_map(|list| &list.entries)
                .any(|entry| {
                    (any || entry.host != HostPattern::Any) && matches_address(entry, address)
                })
        };
        let named = |any| {
            network
                .connect
                .iter()
                .flat_map(|list| &list.entries)
                .any(|entry| (any || entry.host != HostPattern::Any) && matches_name(entry, name))
        };
        let target = reached(address);
        let own = listed(target, false) || is_localhost(name) && named(false);
        if target.is_loopback() {
            loopback(
                input,
                network.connect.as_ref(),
                own,
                listed(target, true) || own,
                &mut said,
            );
        } else if is_private(address) && !listed(address, true) {
            said.deny_all(network.connect.as_ref().map(|list| list.rule));
        }
    }
    said.opinion(input.mode)
}

impl Case<'_> {
    pub(super) fn socket(&self, bind: bool, said: &mut Said) {
        let network = &self.input.network;
        match self.bytes("family") {
            Some(family @ (b"inet" | b"inet6")) => self.host(bind, family == b"inet6", said),
            Some(b"unix") => self.unix(bind, said),
            Some(family) => {
                if !self.kind_is_allowed(family) {
                    said.deny_all(network.sockets.as_ref().map(|list| list.rule));
                }
            }
            None => {
                self.unusable_host(bind, said);
                self.unusable_unix(bind, said);
                said.deny_all(network.sockets.as_ref().map(|list| list.rule));
            }
        }
    }

    fn host(&self, bind: bool, ipv6: bool, said: &mut Said) {
        let network = &self.input.network;
        let list = if bind {
            &network.bind
        } else {
            &network.connect
        }
        .as_ref();
        if list.is_none() && network.deny.is_empty() && network.loopback.is_none() {
            return;
        }
        let Some(host) = self
            .bytes("host")
            .and_then(|host| str::from_utf8(host).ok())
        else {
            return self.unusable_host(bind, said);
        };
        let protocol = self.bytes("kind").map(|kind| {
            if kind == b"dgram" {
                Protocol::Udp
            } else {
                Protocol::Tcp
            }
        });
        let port = match self.value("port") {
            Some(View::U64(port)) => u16::try_from(port).ok(),
            Some(View::I64(port)) => u16::try_from(port).ok(),
            _ => None,
        };
        let allows = |entry: &HostEntry| {
            (entry.protocol == Protocol::Any || Some(entry.protocol) == protocol)
                && entry.ports.is_none_or(|(first, last)| {
                    port.is_some_and(|port| first <= port && port <= last)
                })
        };
        let denies = |entry: &HostEntry| {
            (entry.protocol == Protocol::Any
                || protocol.is_none_or(|protocol| protocol == entry.protocol))
                && entry.ports.is_none_or(|(first, last)| {
                    port.is_none_or(|port| first <= port && port <= last)
                })
        };
        let entries: Vec<&HostEntry> = list
            .iter()
            .flat_map(|list| &list.entries)
            .filter(|entry| allows(entry))
            .collect();
        let denying: Vec<&HostEntry> = network.deny.iter().filter(|entry| denies(entry)).collect();
        let address = match host {
            "" if ipv6 => Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            "" => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            _ => host.parse::<IpAddr>().ok(),
        };
        let any = entries.iter().any(|entry| entry.host == HostPattern::Any);
        let Some(address) = address else {
            said.deny_all(
                denying
                    .iter()
                    .filter(|entry| matches_name(entry, host))
                    .map(|entry| entry.rule),
            );
            let mut own = entries
                .iter()
                .any(|entry| entry.host != HostPattern::Any && matches_name(entry, host));
            if is_localhost(host) {
                own |= entries.iter().any(|entry| {
                    entry.host != HostPattern::Any
                        && (matches_address(entry, Ipv4Addr::LOCALHOST.into())
                            || matches_address(entry, Ipv6Addr::LOCALHOST.into()))
                });
                loopback(self.input, list, own, any || own, said);
            } else if !any && !own {
                said.deny_all(list.map(|list| list.rule));
            }
            return;
        };
        self.address(bind, address, list, &entries, &denying, said);
    }

    fn address(
        &self,
        bind: bool,
        address: IpAddr,
        list: Option<&HostList>,
        entries: &[&HostEntry],
        denying: &[&HostEntry],
        said: &mut Said,
    ) {
        let any = entries.iter().any(|entry| entry.host == HostPattern::Any);
        let target = if bind { address } else { reached(address) };
        let mut names: Vec<String> = Vec::new();
        if !bind {
            let key = match target {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            };
            self.context.names.each(&key, &mut |name| {
                names.push(String::from_utf8_lossy(name).into_owned())
            });
        }
        for entry in denying {
            if matches_address(entry, target)
                || matches_address(entry, address)
                || names.iter().any(|name| matches_name(entry, name))
                || target.is_loopback() && matches_name(entry, "localhost")
            {
                said.deny(entry.rule);
            }
        }
        let own = entries
            .iter()
            .filter(|entry| entry.host != HostPattern::Any)
            .any(|entry| {
                let speaks =
                    |name: &str| !is_private(target) || target.is_loopback() && is_localhost(name);
                matches_address(entry, target)
                    || names
                        .iter()
                        .any(|name| speaks(name) && matches_name(entry, name))
                    || target.is_loopback() && matches_name(entry, "localhost")
            });
        if target.is_loopback() {
            loopback(self.input, list, own, any || own, said);
        } else if !any && !own {
            said.deny_all(list.map(|list| list.rule));
        }
    }

    pub(super) fn other_network(&self, said: &mut Said) {
        let network = &self.input.network;
        for list in [&network.connect, &network.bind].into_iter().flatten() {
            said.deny(list.rule);
        }
        said.deny_all(network.deny.iter().map(|entry| entry.rule).min());
        said.deny_all(network.unix.as_ref().map(|unix| unix.rule));
        let forbidden = network.loopback.filter(|(allowed, _)| !allowed);
        said.deny_all(forbidden.map(|(_, rule)| rule));
    }

    fn unusable_host(&self, bind: bool, said: &mut Said) {
        let network = &self.input.network;
        let list = if bind {
            &network.bind
        } else {
            &network.connect
        };
        said.deny_all(list.as_ref().map(|list| list.rule));
        said.deny_all(network.deny.iter().map(|entry| entry.rule).min());
        said.deny_all(
            network
                .loopback
                .filter(|&(allowed, _)| !allowed)
                .map(|(_, rule)| rule),
        );
    }

    pub(super) fn resolve(&self, reverse: bool, said: &mut Said) {
        let network = &self.input.network;
        if matches!(self.value("host"), Some(View::Null)) {
            return;
        }
        let Some(name) = self
            .bytes("host")
            .and_then(|host| str::from_utf8(host).ok())
        else {
            return self.unusable_host(false, said);
        };
        if let Ok(address) = name.parse::<IpAddr>() {
            let says_nothing = [
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ]
            .contains(&reached(address));
            if reverse && !says_nothing {
                let entries: Vec<_> = network
                    .connect
                    .iter()
                    .flat_map(|list| &list.entries)
                    .collect();
                let denying: Vec<_> = network
                    .deny
                    .iter()
                    .filter(|entry| entry.ports.is_none())
                    .collect();
                self.address(
                    false,
                    address,
                    network.connect.as_ref(),
                    &entries,
                    &denying,
                    said,
                );
            }
            return;
        }
        if name.is_empty() {
            return;
        }
        for entry in &network.deny {
            if entry.ports.is_none() && matches_name(entry, name) {
                said.deny(entry.rule);
            }
        }
        let list = network.connect.as_ref();
        let entries: Vec<&HostEntry> = list.iter().flat_map(|list| &list.entries).collect();
        let any = entries.iter().any(|entry| entry.host == HostPattern::Any);
        let own = entries
            .iter()
            .filter(|entry| entry.host != HostPattern::Any)
            .any(|entry| {
                matches_name(entry, name)
                    || is_localhost(name)
                        && (matches_address(entry, Ipv4Addr::LOCALHOST.into())
                            || matches_address(entry, Ipv6Addr::LOCALHOST.into()))
            });
        if is_localhost(name) {
            loopback(self.input, list, own, any || own, said);
        } else if !any && !own {
            said.deny_all(list.map(|list| list.rule));
        }
    }

    fn unix(&self, bind: bool, said: &mut Said) {
        let unix = self.input.network.unix.as_ref();
        let refuse = |said: &mut Said| said.deny_all(unix.map(|unix| unix.rule));
        match self.bytes("path") {
            None => self.unusable_unix(bind, said),
            Some(b"") => refuse(said),
            Some([b'@', name @ ..]) => {
                if !unix.is_some_and(|unix| {
                    unix.names.iter().any(|(known, _)| known.as_bytes() == name)
                }) {
                    refuse(said);
                }
                if is_resolved(name) {
                    let own = &self.input.files.own_any;
                    let own = own.iter().filter(|own| covers(&own.pattern, name));
                    said.deny_all(own.map(|own| own.rule));
                }
            }
            Some(path) if !is_resolved(path) => self.unusable_unix(bind, said),
            Some(path) => {
                match unix {
                    Some(unix) => {
                        if !unix.paths.iter().any(|entry| covers(&entry.pattern, path)) {
                            refuse(said);
                        }
                    }
                    None => {
                        let write = self.input.files.write.as_ref();
                        if bind && !list_has(write, path) {
                            said.deny_all(write.map(|list| list.rule));
                        }
                    }
                }
                self.denied(path, bind, said);
            }
        }
    }

    fn unusable_unix(&self, bind: bool, said: &mut Said) {
        let files = &self.input.files;
        let unix = self.input.network.unix.as_ref();
        said.deny_all(unix.map(|unix| unix.rule));
        said.deny_all(first(&files.deny));
        said.deny_all(first(&files.own_any));
        if bind {
            said.deny_all(first(&files.own_write));
            if unix.is_none() {
                said.deny_all(files.write.as_ref().map(|list| list.rule));
            }
        }
    }

    pub(super) fn make_socket(&self, said: &mut Said) {
        let Some(sockets) = &self.input.network.sockets else {
            return;
        };
        let named = |name: &str| sockets.names.iter().any(|known| known == name);
        let family = self.bytes("family").unwrap_or_default();
        let ordinary = family == b"inet" || family == b"inet6";
        let protocol = match self.value("protocol") {
            Some(View::I64(protocol)) => Some(protocol),
            Some(View::U64(protocol)) => i64::try_from(protocol).ok(),
            _ => None,
        };
        let protocol_is_allowed = !ordinary
            || self.bytes("kind") == Some(b"raw")
            || match protocol {
                Some(-1 | 0 | 6 | 17) => true,
                Some(1) => named("icmp"),
                Some(33) => named("dccp"),
                Some(58) => named("icmpv6"),
                Some(132) => named("sctp"),
                Some(136) => named("udplite"),
                Some(262) => named("mptcp"),
                _ => false,
            };
        if self.bytes("family").is_none() || !self.kind_is_allowed(family) || !protocol_is_allowed {
            said.deny(sockets.rule);
        }
    }

    fn kind_is_allowed(&self, family: &[u8]) -> bool {
        let named = |name: &[u8]| {
            let sockets = self.input.network.sockets.as_ref();
            sockets
                .is_some_and(|sockets| sockets.names.iter().any(|known| known.as_bytes() == name))
        };
        if ![&b"inet"[..], b"inet6", b"unix"].contains(&family) {
            return named(family);
        }
        self.bytes("kind")
            .is_some_and(|kind| kind == b"stream" || kind == b"dgram" || named(kind))
    }
}

fn loopback(input: &ImageInput, list: Option<&HostList>, own: bool, listed: bool, said: &mut Said) {
    let allowed = matches!(input.network.loopback, Some((true, _)));
    match (list, input.network.loopback) {
        _ if allowed || own => {}
        (Some(list), _) if !listed => said.deny(list.rule),
        (_, Some((_, rule))) => said.deny(rule),
        (_, None) => {}
    }
}

/// Where a connection to an address goes.
fn reached(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        _ => address,
    }
}

fn is_private(address: IpAddr) -> bool {
    let nets = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "::/127",
        "64:ff9b:1::/48",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
    ];
    nets.iter()
        .any(|net| net.parse::<IpNet>().expect("a network").contains(&address))
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn matches_name(entry: &HostEntry, name: &str) -> bool {
    match &entry.host {
        HostPattern::Any => true,
        HostPattern::Name(known) => known == name,
        HostPattern::Suffix(suffix) => name
            .strip_suffix(suffix.as_str())
            .is_some_and(|before| before.ends_with('.')),
        HostPattern::Net { .. } => false,
    }
}

fn matches_address(entry: &HostEntry, address: IpAddr) -> bool {
    match &entry.host {
        HostPattern::Any => true,
        HostPattern::Name(_) | HostPattern::Suffix(_) => false,
        HostPattern::Net {
            address: net,
            prefix,
        } => {
            let whole = Ipv6Addr::from(*net);
            match (whole.to_ipv4_mapped(), address) {
                (Some(net), IpAddr::V4(address)) if *prefix >= 96 => Ipv4Net::new(net, prefix - 96)
                    .expect("a prefix")
                    .contains(&address),
                (Some(_), IpAddr::V6(_)) if *prefix >= 96 => false,
                (_, IpAddr::V6(address)) => Ipv6Net::new(whole, *prefix)
                    .expect("a prefix")
                    .contains(&address),
                (_, IpAddr::V4(_)) => false,
            }
        }
    }
}
