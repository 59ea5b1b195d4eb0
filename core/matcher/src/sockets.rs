//! Which sockets have to be named: everything but TCP, UDP and unix sockets, by family, kind or protocol.

/// Families, kinds and protocols that `[network] sockets` may name.
pub const NAMES: [&str; 25] = [
    "alg",
    "bluetooth",
    "can",
    "dccp",
    "icmp",
    "icmpv6",
    "kcm",
    "key",
    "mctp",
    "mptcp",
    "netlink",
    "packet",
    "ppp",
    "qipcrtr",
    "raw",
    "rdm",
    "rds",
    "sctp",
    "seqpacket",
    "smc",
    "tipc",
    "udplite",
    "vsock",
    "x25",
    "xdp",
];

/// Whether a family needs no name: its kinds may.
pub(crate) fn is_ordinary(family: &[u8]) -> bool {
    matches!(family, b"inet" | b"inet6" | b"unix")
}

/// A protocol of the internet as a list names it.
pub(crate) enum InternetProtocol {
    /// TCP, UDP, or the usual one of the kind: needs no name.
    Usual,
    /// Goes by this name.
    Named(&'static str),
    /// Has none.
    Nameless,
}

impl InternetProtocol {
    /// By its number; `None` if it is not known.
    pub(crate) fn of(number: Option<i64>) -> Self {
        Self::Named(match number {
            // -1 is Python's "not said".
            Some(-1 | 0 | 6 | 17) => return Self::Usual,
            Some(1) => "icmp",
            Some(33) => "dccp",
            Some(58) => "icmpv6",
            Some(132) => "sctp",
            Some(136) => "udplite",
            Some(262) => "mptcp",
            _ => return Self::Nameless,
        })
    }
}

/// What a list would have to name for a socket to be made: nothing where no name allows it.
///
/// ```
/// use audithook_matcher::sockets::words;
/// assert_eq!(words(b"netlink", Some(b"raw"), None), [Some("netlink"), None]);
/// assert_eq!(words(b"inet", Some(b"raw"), Some(1)), [Some("raw"), None]);
/// assert_eq!(words(b"inet6", Some(b"seqpacket"), Some(132)), [Some("seqpacket"), Some("sctp")]);
/// assert_eq!(words(b"unknown", Some(b"stream"), None), [None, None]);
/// ```
#[must_use]
pub fn words(
    family: &[u8],
    kind: Option<&[u8]>,
    protocol: Option<i64>,
) -> [Option<&'static str>; 2] {
    let name = |text: &[u8]| NAMES.into_iter().find(|name| name.as_bytes() == text);
    if !is_ordinary(family) {
        return [name(family), None];
    }
    let kind = match kind {
        None | Some(b"stream" | b"dgram") => None,
        Some(kind) => match name(kind) {
            None => return [None, None],
            named => named,
        },
    };
    if family == b"unix" || kind == Some("raw") || protocol.is_none() {
        return [kind, None];
    }
    match (kind, InternetProtocol::of(protocol)) {
        (_, InternetProtocol::Nameless) => [None, None],
        (Some(kind), InternetProtocol::Named(protocol)) if kind != protocol => {
            [Some(kind), Some(protocol)]
        }
        (_, InternetProtocol::Named(protocol)) => [Some(protocol), None],
        (kind, InternetProtocol::Usual) => [kind, None],
    }
}

/// Whether a rule's hint has a place for such words.
#[must_use]
pub fn are_meant_by(hint: &str) -> bool {
    hint.contains("`[network] sockets`") || hint.contains("`sockets = ")
}
