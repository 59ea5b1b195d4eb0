//! Entries of `[network]`: hosts, ports, networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::image::{HostPattern, Protocol};

/// What an entry says. `localhost` is a name and two networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostSpec {
    pub(crate) hosts: Vec<HostPattern>,
    pub(crate) ports: Option<(u16, u16)>,
    pub(crate) protocol: Protocol,
}

/// Why an entry says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    /// a URL, not a host: `{0}`
    #[error("a URL, not a host: `{url}`")]
    Url { url: String, instead: String },
    /// unknown protocol: `{0}`
    #[error("unknown protocol: `{0}`")]
    Protocol(String),
    /// no host: `{0}`
    #[error("no host: `{0}`")]
    Empty(String),
    /// bad port: `{0}`
    #[error("bad port: `{0}`")]
    Port(String),
    /// a port range that runs backwards: `{first}-{last}`
    #[error("a port range that runs backwards: `{first}-{last}`")]
    Backwards { first: u16, last: u16 },
    /// bad network: `{0}`
    #[error("bad network: `{text}`")]
    Network { text: String, why: String },
    /// bad host name: `{0}`
    #[error("bad host name: `{0}`")]
    Name(String),
    /// a `*` that does not stand for whole labels: `{0}`
    #[error("a `*` that does not stand for whole labels: `{0}`")]
    Star(String),
    /// a path after the host: `{path}`
    #[error("a path after the host: `{path}`")]
    Path { path: String, instead: String },
}

impl HostError {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Url { instead, .. } | Self::Path { instead, .. } => format!("write `{instead}`"),
            Self::Protocol(_) => "TCP is meant unless the entry begins with `udp://`".to_owned(),
            Self::Empty(_) => "write `host` or `host:port`; `*` is every host".to_owned(),
            Self::Port(_) => {
                "a port is a number up to 65535, a range is written `8000-8010`".to_owned()
            }
            Self::Backwards { first, last } => format!("write `{last}-{first}`"),
            Self::Network { why, .. } => why.clone(),
            Self::Name(_) => {
                "write `host`, `host:port`, `10.0.0.0/8:port` or `[2001:db8::1]:port`".to_owned()
            }
            Self::Star(_) => {
                "`*.example.com` is every name below example.com, `*` is every host".to_owned()
            }
        }
    }
}

/// An entry that is an IPv6 address as it stands, and could be meant as an address and a port: how each is written beyond
/// doubt, as for `::1:443` `[::1]:443` and `[::1:443]`.
pub(crate) fn two_readings(entry: &str) -> Option<[String; 2]> {
    let (scheme, text) = entry.split_at(entry.find("://").map_or(0, |place| place + 3));
    let (host, port) = text.rsplit_once(':')?;
    let is_port = port.len() > 1 && port.parse::<u16>().is_ok();
    let are_addresses = [text, host]
        .iter()
        .all(|text| text.parse::<Ipv6Addr>().is_ok());
    (is_port && are_addresses).then(|| {
        [
            format!("{scheme}[{host}]:{port}"),
            format!("{scheme}[{text}]"),
        ]
    })
}

/// Reads `[udp://|tcp://]host[:port[-port]]`.
pub(crate) fn parse(entry: &str) -> Result<HostSpec, HostError> {
    let (protocol, rest) = scheme(entry)?;
    let (host, ports) = split(rest)?;
    if host.is_empty() {
        return Err(HostError::Empty(entry.to_owned()));
    }
    Ok(HostSpec {
        hosts: hosts(host)?,
        ports: ports.map(port_range).transpose()?.flatten(),
        protocol,
    })
}

fn scheme(entry: &str) -> Result<(Protocol, &str), HostError> {
    match entry.split_once("://") {
        None => Ok((Protocol::Tcp, entry)),
        Some(("udp", rest)) => Ok((Protocol::Udp, rest)),
        Some(("tcp", rest)) => Ok((Protocol::Tcp, rest)),
        Some((name @ ("http" | "https" | "ws" | "wss" | "ftp" | "ssh" | "git"), rest)) => {
            let port = match name {
                "http" | "ws" => 80,
                "ftp" => 21,
                "ssh" => 22,
                "git" => 9418,
                _ => 443,
            };
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            let instead = if host.contains(':') {
                host.to_owned()
            } else {
                format!("{host}:{port}")
            };
            Err(HostError::Url {
                url: entry.to_owned(),
                instead,
            })
        }
        Some((name, _)) => Err(HostError::Protocol(name.to_owned())),
    }
}

/// Host and port. More than one colon outside brackets is an IPv6 address without a port.
fn split(text: &str) -> Result<(&str, Option<&str>), HostError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest
            .split_once(']')
            .ok_or_else(|| HostError::Name(text.to_owned()))?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(HostError::Name(text.to_owned())),
        };
    }
    match text.matches(':').count() {
        0 => Ok((text, None)),
        1 => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            if let Some((port, path)) = port.split_once('/') {
                return Err(HostError::Path {
                    path: format!("/{path}"),
                    instead: format!("{host}:{port}"),
                });
            }
            Ok((host, Some(port)))
        }
        _ => Ok((text, None)),
    }
}

fn port_range(text: &str) -> Result<Option<(u16, u16)>, HostError> {
    if text == "*" {
        return Ok(None);
    }
    let port = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>()
            .ok()
            .filter(|_| is_number)
            .ok_or_else(|| HostError::Port(text.to_owned()))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    if first > last {
        return Err(HostError::Backwards { first, last });
    }
    Ok(Some((first, last)))
}

fn hosts(text: &str) -> Result<Vec<HostPattern>, HostError> {
    if text == "*" {
        return Ok(vec![HostPattern::Any]);
    }
    if let Some((address, prefix)) = text.split_once('/') {
        return Ok(vec![network(text, address, prefix)?]);
    }
    if let Some(address) = address(text) {
        return Ok(vec![single(address)]);
    }
    if let Some(rest) = text.strip_prefix("*.") {
        return Ok(vec![HostPattern::Suffix(name(rest, text)?)]);
    }
    let name = name(text, text)?;
    if name == "localhost" {
        return Ok(vec![
            HostPattern::Name(name),
            net(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
            net(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
        ]);
    }
    Ok(vec![HostPattern::Name(name)])
}

fn network(text: &str, host: &str, prefix: &str) -> Result<HostPattern, HostError> {
    let wrong = |why: &str| HostError::Network {
        text: text.to_owned(),
        why: why.to_owned(),
    };
    let Some(address) = address(host) else {
        // `example.com/path` is a URL's rest rather than a network.
        if host.contains(|c: char| c.is_ascii_alphabetic()) && !host.contains(':') {
            return Err(HostError::Path {
                path: format!("/{prefix}"),
                instead: host.to_owned(),
            });
        }
        return Err(wrong(
            "a network is written `10.0.0.0/8` or `2001:db8::/32`",
        ));
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let length = prefix
        .parse::<u8>()
        .ok()
        .filter(|length| is_number && *length <= longest)
        .ok_or_else(|| wrong(&format!("the prefix is a number from 0 to {longest}")))?;
    let whole = ipnet::IpNet::new(address, length).map_err(|_| wrong("no such prefix"))?;
    if whole.addr() != whole.network() {
        return Err(wrong(&format!(
            "the address has bits beyond the prefix: write `{}` or `{address}`",
            whole.trunc()
        )));
    }
    Ok(net(address, length))
}

/// An address in its usual form. A zone id (`%eth0`) names the same address.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.split_once('%').map_or(text, |(address, _)| address);
    match bare.parse::<IpAddr>().ok()? {
        IpAddr::V6(address) => Some(
            address
                .to_ipv4_mapped()
                .map_or(IpAddr::V6(address), IpAddr::V4),
        ),
        address => Some(address),
    }
}

fn single(address: IpAddr) -> HostPattern {
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    net(address, prefix)
}

fn net(address: IpAddr, prefix: u8) -> HostPattern {
    match address {
        IpAddr::V4(address) => HostPattern::Net {
            address: address.to_ipv6_mapped().octets(),
            prefix: prefix + 96,
        },
        IpAddr::V6(address) => HostPattern::Net {
            address: address.octets(),
            prefix,
        },
    }
}

/// A name in the form in which names are compared: A-labels, lower case, no trailing dot.
fn name(text: &str, entry: &str) -> Result<String, HostError> {
    let wrong = || HostError::Name(entry.to_owned());
    if text.contains('*') {
        return Err(HostError::Star(entry.to_owned()));
    }
    let trimmed = text.strip_suffix('.').unwrap_or(text);
    let ascii = idna::domain_to_ascii(trimmed).map_err(|_| wrong())?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let has_good_labels = ascii
        .split('.')
        .all(|label| (1..=63).contains(&label.len()));
    // A name whose last label is a number is an address in an odd form: policies write addresses plainly.
    let last = ascii.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if ascii.len() > 253 || !has_good_labels || !ascii.chars().all(is_allowed) || is_number {
        return Err(wrong());
    }
    Ok(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str, prefix: u8) -> HostPattern {
        net(text.parse().expect("an address"), prefix)
    }

    #[test]
    fn entries_are_read_in_all_their_forms() {
        let spec = |hosts, ports, protocol| {
            Ok(HostSpec {
                hosts,
                ports,
                protocol,
            })
        };
        let name = |text: &str| HostPattern::Name(text.to_owned());
        assert_eq!(
            parse("pypi.org:443"),
            spec(vec![name("pypi.org")], Some((443, 443)), Protocol::Tcp)
        );
        assert_eq!(
            parse("*.PythonHosted.org."),
            spec(
                vec![HostPattern::Suffix("pythonhosted.org".to_owned())],
                None,
                Protocol::Tcp
            )
        );
        assert_eq!(
            parse("10.0.0.0/8:5432"),
            spec(vec![v4("10.0.0.0", 8)], Some((5432, 5432)), Protocol::Tcp)
        );
        assert_eq!(
            parse("127.0.0.1:8000-8010"),
            spec(vec![v4("127.0.0.1", 32)], Some((8000, 8010)), Protocol::Tcp)
        );
        assert_eq!(
            parse("[2001:db8::1]:8080"),
            spec(
                vec![v4("2001:db8::1", 128)],
                Some((8080, 8080)),
                Protocol::Tcp
            )
        );
        assert_eq!(
            parse("2001:db8::/32"),
            spec(vec![v4("2001:db8::", 32)], None, Protocol::Tcp)
        );
        assert_eq!(
            parse("udp://10.0.0.2:514"),
            spec(vec![v4("10.0.0.2", 32)], Some((514, 514)), Protocol::Udp)
        );
        assert_eq!(
            parse("::ffff:10.0.0.2"),
            spec(vec![v4("10.0.0.2", 32)], None, Protocol::Tcp)
        );
        assert_eq!(
            parse("bücher.example"),
            spec(vec![name("xn--bcher-kva.example")], None, Protocol::Tcp)
        );
        assert_eq!(
            parse("*:443"),
            spec(vec![HostPattern::Any], Some((443, 443)), Protocol::Tcp)
        );
        assert_eq!(parse("localhost").expect("read").hosts.len(), 3);
    }

    #[test]
    fn mistakes_are_named_and_say_what_to_write() {
        for (entry, message, hint) in [
            (
                "https://pypi.org/simple",
                "a URL, not a host: `https://pypi.org/simple`",
                "write `pypi.org:443`",
            ),
            (
                "gopher://x",
                "unknown protocol: `gopher`",
                "TCP is meant unless the entry begins with `udp://`",
            ),
            (
                "x:80-70",
                "a port range that runs backwards: `80-70`",
                "write `70-80`",
            ),
            (
                "x:99999",
                "bad port: `99999`",
                "a port is a number up to 65535, a range is written `8000-8010`",
            ),
            (
                "10.0.0.1/8",
                "bad network: `10.0.0.1/8`",
                "the address has bits beyond the prefix: write `10.0.0.0/8` or `10.0.0.1`",
            ),
            (
                "10.0.0.0/33",
                "bad network: `10.0.0.0/33`",
                "the prefix is a number from 0 to 32",
            ),
            (
                "pypi.org/simple",
                "a path after the host: `/simple`",
                "write `pypi.org`",
            ),
            (
                "api*.x.org",
                "a `*` that does not stand for whole labels: `api*.x.org`",
                "`*.example.com` is every name below example.com, `*` is every host",
            ),
        ] {
            let error = parse(entry).expect_err(entry);
            assert_eq!(
                (error.to_string().as_str(), error.hint().as_str()),
                (message, hint)
            );
        }
        for entry in [
            "",
            ":80",
            "0x7f.1",
            "10.1",
            "a..b",
            "exa mple.org",
            "[::1",
            "x:",
        ] {
            assert!(parse(entry).is_err(), "{entry}");
        }
    }
}
