//! What `[network]` says of a socket, a host, and an answer of a resolver.

use audithook_abi::{Value, Verdict, View};
use audithook_catalogue::arg;

use crate::format::{Field, NONE, host_class};
use crate::host::{self, Host, HostBuffer, is_localhost, is_loopback, is_private, is_unspecified};
use crate::hosts::{HostHits, Query, Reach};
use crate::judge::{argument, text_argument};
use crate::sockets::{self, InternetProtocol};
use crate::{Context, Image, Judgement, Mode, Protocol};

const LOOPBACK4: [u8; 16] = host::mapped(0x7f00_0001);
const LOOPBACK6: [u8; 16] = 1_u128.to_be_bytes();

/// Whether something of a host may be connected to.
const ANY_PORT: Query = Query {
    list: host_class::CONNECT,
    reach: Reach::Some,
};

impl Image<'_> {
    /// Judges an address that a resolver gave for an allowed name: it is refused if it lies in `deny`, or is private,
    /// loopback or link-local and not itself allowed (DNS rebinding).
    #[must_use]
    pub fn judge_answer(&self, name: &[u8], address: &[u8; 16]) -> Judgement {
        let mut out = Judgement::new(self.mode());
        if self.mode() == Mode::Off {
            return out;
        }
        let mut buffer = HostBuffer::new();
        let name = match host::normalise(name, &mut buffer) {
            // A number resolves to itself; connecting to it is judged then.
            Ok(Host::Address(_)) => return out,
            Ok(Host::Name(name)) => name,
            Err(_) => b"",
        };
        let address = host::canonical(*address);
        let mut hits = self.look_up_reached(&address, ANY_PORT);
        if is_loopback(&reached(&address)) {
            hits.own |= is_localhost(name) && self.hosts.look_up_name(name, ANY_PORT).own;
            self.judge_loopback(&hits, Field::Connect, &mut out);
        } else if is_private(&address) && !hits.listed() {
            self.refuse_if_present(Field::Connect, &mut out);
        }
        out.add_all(Verdict::Deny, &hits.denied);
        out
    }

    /// Judges a connection, a datagram or a bind.
    pub(crate) fn judge_address(
        &self,
        bind: bool,
        args: &[Value<'_>],
        context: &Context<'_>,
        out: &mut Judgement,
    ) {
        match text_argument(args, arg::FAMILY) {
            Some(family @ (b"inet" | b"inet6")) => {
                self.judge_host(bind, family == b"inet6", args, context, out);
            }
            Some(b"unix") => self.judge_unix(bind, args, out),
            Some(family) => {
                if !self.is_socket_allowed(family, text_argument(args, arg::KIND)) {
                    self.refuse_if_present(Field::Sockets, out);
                }
            }
            None => {
                self.refuse_unjudged_host(list_of(bind), out);
                self.refuse_unjudged_unix(bind, out);
                self.refuse_if_present(Field::Sockets, out);
            }
        }
    }

    /// Judges looking a host up. Numbers, and the empty host of a listening socket, ask nobody.
    pub(crate) fn judge_resolve(&self, args: &[Value<'_>], out: &mut Judgement) {
        self.judge_asked(args, out, |_, _| {});
    }

    /// Judges asking for the name of an address: the question goes to a name server, and says the address. It is allowed for
    /// what may be connected to, on whatever port, and for this machine itself, of which it says nothing.
    pub(crate) fn judge_reverse(
        &self,
        args: &[Value<'_>],
        context: &Context<'_>,
        out: &mut Judgement,
    ) {
        self.judge_asked(args, out, |address, out| {
            if ![LOOPBACK4, LOOPBACK6].contains(&reached(&address)) {
                self.judge_number(&address, ANY_PORT, Field::Connect, context, out);
            }
        });
    }

    /// Judges asking for a name; an address is judged by `judge_address`.
    fn judge_asked(
        &self,
        args: &[Value<'_>],
        out: &mut Judgement,
        judge_address: impl FnOnce([u8; 16], &mut Judgement),
    ) {
        if argument(args, arg::HOST).is_some_and(|host| host.view() == View::Null) {
            return;
        }
        let mut buffer = HostBuffer::new();
        match text_argument(args, arg::HOST).map(|host| host::normalise(host, &mut buffer)) {
            Some(Ok(Host::Name(name))) => self.judge_name(name, ANY_PORT, Field::Connect, out),
            Some(Ok(Host::Address(address))) => judge_address(address, out),
            Some(Err(host::HostError::Empty)) => {}
            Some(Err(_)) | None => self.refuse_unjudged_host(Field::Connect, out),
        }
    }

    /// Judges making a socket.
    pub(crate) fn judge_socket(&self, args: &[Value<'_>], out: &mut Judgement) {
        let allowed = text_argument(args, arg::FAMILY).is_some_and(|family| {
            let kind = text_argument(args, arg::KIND);
            self.is_socket_allowed(family, kind) && self.is_protocol_allowed(family, kind, args)
        });
        if !allowed {
            self.refuse_if_present(Field::Sockets, out);
        }
    }

    fn judge_host(
        &self,
        bind: bool,
        ipv6: bool,
        args: &[Value<'_>],
        context: &Context<'_>,
        out: &mut Judgement,
    ) {
        let list = list_of(bind);
        if [list, Field::DenyHost, Field::Loopback]
            .iter()
            .all(|&field| self.field(field) == NONE)
        {
            return;
        }
        let protocol = text_argument(args, arg::KIND).map(|kind| {
            if kind == b"dgram" {
                Protocol::Udp
            } else {
                Protocol::Tcp
            }
        });
        let port = argument(args, arg::PORT)
            .and_then(Value::as_u64)
            .and_then(|port| u16::try_from(port).ok());
        let query = Query {
            list: if bind {
                host_class::BIND
            } else {
                host_class::CONNECT
            },
            reach: Reach::Exactly(port, protocol),
        };
        let mut buffer = HostBuffer::new();
        match text_argument(args, arg::HOST).map(|host| host::normalise(host, &mut buffer)) {
            Some(Ok(Host::Name(name))) => self.judge_name(name, query, list, out),
            Some(Ok(Host::Address(address))) => {
                self.judge_number(&address, query, list, context, out)
            }
            Some(Err(host::HostError::Empty)) => {
                let unspecified = if ipv6 { [0; 16] } else { host::mapped(0) };
                self.judge_number(&unspecified, query, list, context, out);
            }
            Some(Err(_)) | None => self.refuse_unjudged_host(list, out),
        }
    }

    fn judge_name(&self, name: &[u8], query: Query, list: Field, out: &mut Judgement) {
        let mut hits = self.hosts.look_up_name(name, query);
        if is_localhost(name) {
            // An entry for one of its addresses is one for it; which of them is denied shows when it is connected to.
            hits.own |= [LOOPBACK4, LOOPBACK6]
                .iter()
                .any(|address| self.hosts.look_up_address(address, query).own);
            self.judge_loopback(&hits, list, out);
        } else if !hits.listed() {
            self.refuse_if_present(list, out);
        }
        out.add_all(Verdict::Deny, &hits.denied);
    }

    fn judge_number(
        &self,
        address: &[u8; 16],
        query: Query,
        list: Field,
        context: &Context<'_>,
        out: &mut Judgement,
    ) {
        let binds = query.list == host_class::BIND;
        let target = if binds { *address } else { reached(address) };
        let mut hits = if binds {
            self.hosts.look_up_address(address, query)
        } else {
            self.look_up_reached(address, query)
        };
        if !binds && self.names_hosts() {
            hits.merge(&self.look_up_names(&target, query, context));
        }
        if is_loopback(&target) {
            hits.merge(&self.hosts.look_up_name(b"localhost", query));
            self.judge_loopback(&hits, list, out);
        } else if !hits.listed() {
            self.refuse_if_present(list, out);
        }
        out.add_all(Verdict::Deny, &hits.denied);
    }

    /// What the names that resolved to an address say for it. They do not speak for private addresses, whoever let the
    /// answer pass; `localhost` speaks for loopback.
    fn look_up_names(&self, address: &[u8; 16], query: Query, context: &Context<'_>) -> HostHits {
        let mut hits = HostHits::NONE;
        context.names.each(address, &mut |name| {
            let mut buffer = HostBuffer::new();
            let Ok(Host::Name(name)) = host::normalise(name, &mut buffer) else {
                return;
            };
            let mut named = self.hosts.look_up_name(name, query);
            let speaks = !is_private(address) || is_loopback(address) && is_localhost(name);
            named.own &= speaks;
            named.any &= speaks;
            hits.merge(&named);
        });
        hits
    }

    /// What the entries say of an address to connect to, under both of its names if it is the unspecified one.
    fn look_up_reached(&self, address: &[u8; 16], query: Query) -> HostHits {
        let target = reached(address);
        let mut hits = self.hosts.look_up_address(&target, query);
        if target != *address {
            let denied = self.hosts.look_up_address(address, query).denied;
            hits.merge(&HostHits {
                denied,
                ..HostHits::NONE
            });
        }
        hits
    }

    /// `loopback = true` allows it; `false` leaves it to the entries that name it: one for every host does not. Where the
    /// list has no entry at all for it, the list is what refuses: an entry there opens less than the switch.
    fn judge_loopback(&self, hits: &HostHits, list: Field, out: &mut Judgement) {
        let rule = self.field(Field::Loopback);
        let is_closed = rule != NONE && self.field(Field::LoopbackAllowed) == 0;
        let is_open = rule != NONE && !is_closed;
        if is_open || hits.own {
            return;
        }
        if !hits.any && self.field(list) != NONE {
            self.refuse_if_present(list, out);
        } else if is_closed {
            out.add(Verdict::Deny, rule);
        }
    }

    fn judge_unix(&self, bind: bool, args: &[Value<'_>], out: &mut Judgement) {
        match text_argument(args, arg::PATH) {
            None => self.refuse_unjudged_unix(bind, out),
            // Bound to nothing, a socket gets an abstract name that nobody chose.
            Some(b"") => self.refuse_if_present(Field::Unix, out),
            Some([b'@', name @ ..]) => {
                if self.abstracts.find(name).is_none() {
                    self.refuse_if_present(Field::Unix, out);
                }
                self.judge_own_name(name, out);
            }
            Some(path) => self.judge_unix_path(path, bind, out),
        }
    }

    fn is_socket_allowed(&self, family: &[u8], kind: Option<&[u8]>) -> bool {
        let ordinary = sockets::is_ordinary(family);
        let named = self.sockets.find(family).is_some();
        match kind {
            _ if !ordinary && !named => false,
            Some(b"stream" | b"dgram") => true,
            // A family that is named for itself is named with its kinds.
            Some(kind) => !ordinary || self.sockets.find(kind).is_some(),
            None => !ordinary,
        }
    }

    /// Beside TCP and UDP, protocols have to be named: MPTCP and SCTP reach hosts past a rule that knows TCP.
    fn is_protocol_allowed(&self, family: &[u8], kind: Option<&[u8]>, args: &[Value<'_>]) -> bool {
        if !matches!(family, b"inet" | b"inet6") || kind == Some(b"raw") {
            return true;
        }
        match InternetProtocol::of(argument(args, arg::PROTOCOL).and_then(Value::as_i64)) {
            InternetProtocol::Usual => true,
            InternetProtocol::Named(name) => self.sockets.find(name.as_bytes()).is_some(),
            InternetProtocol::Nameless => false,
        }
    }

    fn refuse_unjudged_host(&self, list: Field, out: &mut Judgement) {
        self.refuse_if_present(list, out);
        self.refuse_if_present(Field::DenyHost, out);
        if self.field(Field::LoopbackAllowed) == 0 {
            self.refuse_if_present(Field::Loopback, out);
        }
    }
}

const fn list_of(bind: bool) -> Field {
    if bind { Field::Bind } else { Field::Connect }
}

/// Where a connection to an address goes: the unspecified address is this machine.
const fn reached(address: &[u8; 16]) -> [u8; 16] {
    match (is_unspecified(address), host::as_ipv4(address)) {
        (false, _) => *address,
        (true, Some(_)) => LOOPBACK4,
        (true, None) => LOOPBACK6,
    }
}
