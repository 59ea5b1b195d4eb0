//! Sockets and addresses, as the program gave them.

use core::ffi::c_int;
use core::mem::size_of;

use crate::paths::{LONGEST, Resolved};

/// What a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) family: c_int,
    pub(crate) kind: c_int,
    pub(crate) protocol: c_int,
}

/// The socket behind a descriptor, as the kernel says (socket(7)); −1 for what cannot be told.
pub(crate) fn describe_socket(descriptor: c_int) -> Endpoint {
    Endpoint {
        family: option(descriptor, libc::SO_DOMAIN),
        kind: option(descriptor, libc::SO_TYPE),
        protocol: option(descriptor, libc::SO_PROTOCOL),
    }
}

fn option(descriptor: c_int, name: c_int) -> c_int {
    let mut value: c_int = -1;
    let mut length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: value and length are writable and of the sizes given.
    let failed = unsafe {
        libc::getsockopt(
            descriptor,
            libc::SOL_SOCKET,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    if failed == 0 { value } else { -1 }
}

impl Endpoint {
    pub(crate) fn is_internet(self) -> bool {
        matches!(self.family, libc::AF_INET | libc::AF_INET6)
    }

    /// The address family's name, as policies write it.
    pub(crate) fn family_name(self) -> &'static str {
        match self.family {
            libc::AF_INET => "inet",
            libc::AF_INET6 => "inet6",
            libc::AF_UNIX => "unix",
            libc::AF_NETLINK => "netlink",
            libc::AF_PACKET => "packet",
            libc::AF_VSOCK => "vsock",
            libc::AF_ALG => "alg",
            libc::AF_BLUETOOTH => "bluetooth",
            libc::AF_CAN => "can",
            libc::AF_TIPC => "tipc",
            libc::AF_KEY => "key",
            libc::AF_XDP => "xdp",
            _ => "unknown",
        }
    }

    /// The kind's name: the socket type, or the protocol where that says more.
    pub(crate) fn kind_name(self) -> &'static str {
        const IPPROTO_SCTP: c_int = 132;
        const IPPROTO_UDPLITE: c_int = 136;
        const IPPROTO_MPTCP: c_int = 262;
        match self.protocol {
            IPPROTO_SCTP => return "sctp",
            IPPROTO_UDPLITE => return "udplite",
            IPPROTO_MPTCP => return "mptcp",
            _ => {}
        }
        const SOCK_TYPE_MASK: c_int = 0xf;
        match self.kind & SOCK_TYPE_MASK {
            libc::SOCK_STREAM => "stream",
            libc::SOCK_DGRAM => "dgram",
            libc::SOCK_RAW => "raw",
            libc::SOCK_SEQPACKET => "seqpacket",
            _ => "unknown",
        }
    }
}

/// Room for a host or an abstract socket's name.
pub(crate) struct HostText([u8; 128]);

impl HostText {
    /// Python's two special hosts as the addresses that they mean (Doc/library/socket): `` and `<broadcast>`.
    pub(crate) fn normalise_special<'s>(&self, host: &'s [u8], family: c_int) -> &'s [u8] {
        match host {
            b"" if family == libc::AF_INET6 => b"::",
            b"" => b"0.0.0.0",
            b"<broadcast>" => b"255.255.255.255",
            host => host,
        }
    }

    /// `@name` for an abstract name; trailing NULs, which belong to it, are kept out of the text.
    pub(crate) fn abstract_name(&mut self, name: &[u8]) -> &[u8] {
        let name = name.split(|byte| *byte == 0).next().unwrap_or(name);
        let length = name.len().min(self.0.len() - 1);
        self.0[0] = b'@';
        self.0[1..=length].copy_from_slice(&name[..length]);
        &self.0[..=length]
    }
}

/// The `file:` URI of an SQLite database (sqlite.org/uri.html).
pub(crate) struct DatabaseUri<'u> {
    path: &'u [u8],
    pub(crate) read_only: bool,
    pub(crate) in_memory: bool,
}

impl<'u> DatabaseUri<'u> {
    pub(crate) fn parse(uri: &'u [u8]) -> Self {
        let rest = uri.strip_prefix(b"file:").unwrap_or(uri);
        let rest = rest.split(|byte| *byte == b'#').next().unwrap_or(rest);
        let mut parts = rest.splitn(2, |byte| *byte == b'?');
        let mut path = parts.next().unwrap_or(rest);
        let query = parts.next().unwrap_or(b"");
        if let Some(authority_and_path) = path.strip_prefix(b"//") {
            let slash = authority_and_path.iter().position(|byte| *byte == b'/');
            path = slash.map_or(&[][..], |slash| &authority_and_path[slash..]);
        }
        let has = |parameter: &[u8]| {
            query
                .split(|byte| *byte == b'&')
                .any(|given| given == parameter)
        };
        Self {
            path,
            read_only: has(b"mode=ro") || has(b"immutable=1"),
            in_memory: has(b"mode=memory") || path == b":memory:",
        }
    }

    /// The path with its percent escapes undone, written into `place`'s memory.
    pub(crate) fn path<'p>(&self, place: &'p mut Resolved) -> &'p [u8] {
        place.hold(self.path.len().min(LONGEST), |out| {
            let mut length = 0;
            let mut rest = self.path;
            while let (Some((first, after)), true) = (rest.split_first(), length < out.len()) {
                let escaped = match (first, after) {
                    (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
                    _ => None,
                };
                (out[length], rest) = match escaped {
                    Some((high, low)) => (high * 16 + low, &after[2..]),
                    None => (*first, after),
                };
                length += 1;
            }
            length
        })
    }
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|digit| digit as u8)
}

/// An address (IPv4 as `::ffff:a.b.c.d`) as people write it.
pub(crate) fn write_address<'t>(address: &[u8; 16], text: &'t mut [u8; 46]) -> &'t [u8] {
    use std::io::Write as _;
    let address = std::net::Ipv6Addr::from(*address);
    let mut rest = &mut text[..];
    // 46 bytes hold any address (INET6_ADDRSTRLEN).
    let _ = match address.to_ipv4_mapped() {
        Some(address) => write!(rest, "{address}"),
        None => write!(rest, "{address}"),
    };
    let left = rest.len();
    &text[..46 - left]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_people_write_them() {
        let mut text = [0; 46];
        let loopback = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
        assert_eq!(write_address(&loopback, &mut text), b"127.0.0.1");
        assert_eq!(write_address(&[0xff; 16], &mut text).len(), 39);
    }

    #[test]
    fn a_database_uri_is_read_as_sqlite_reads_it() {
        let mut place = Resolved::root();
        let uri = DatabaseUri::parse(b"file:///srv/my%20data/a.db?mode=ro&cache=shared#x");
        assert_eq!(uri.path(&mut place), b"/srv/my data/a.db");
        assert!(uri.read_only && !uri.in_memory);
        let uri = DatabaseUri::parse(b"file:a.db");
        assert_eq!(uri.path(&mut place), b"a.db");
        assert!(!uri.read_only && !uri.in_memory);
        assert!(DatabaseUri::parse(b"file:x?mode=memory").in_memory);
        assert_eq!(
            DatabaseUri::parse(b"file://localhost/x%2").path(&mut place),
            b"/x%2"
        );
    }

    #[test]
    fn an_abstract_name_is_shown_with_an_at_sign() {
        let mut text = HostText([0; 128]);
        assert_eq!(text.abstract_name(b"bus\0\0"), b"@bus");
        assert_eq!(text.abstract_name(&[b'x'; 500]).len(), 128);
    }
}
