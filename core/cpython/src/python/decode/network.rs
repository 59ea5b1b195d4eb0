//! Operations on sockets and names.

use core::ffi::c_int;

use audithook_abi::Value;
use audithook_catalogue::{EventInfo, arg};

use super::files::{Given, resolve_one};
use super::{Arguments, Decoder, Handling, Scratch};
use crate::address::{self, Endpoint};
use crate::paths::Base;
use crate::python::api::Kind;

impl Decoder<'_, '_> {
    /// `self, address`
    pub(super) fn endpoint<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let Scratch { first, host, .. } = scratch;
        let mut arguments = Arguments::new();
        let descriptor = self.reader.socket_descriptor(self.reader.argument(0));
        let socket = address::describe_socket(descriptor.unwrap_or(-1));
        let address = self.reader.argument(1);
        let mut path = None;
        match self.reader.kind(address) {
            // `socket.sendmsg` of a connected socket, `sendto` without an address.
            Kind::None => arguments.handling = Handling::Left,
            Kind::Tuple if socket.is_internet() => {
                let [name, port] = [0, 1].map(|place| self.reader.tuple_item(address, place));
                if let Some(text) = self.reader.text(name) {
                    arguments.push(
                        arg::HOST,
                        Value::str(host.normalise_special(text, socket.family)),
                    );
                }
                if let Some(port) = self.reader.integer(port) {
                    arguments.push(arg::PORT, Value::i64(port));
                }
            }
            Kind::Text | Kind::Bytes | Kind::ByteArray if socket.family == libc::AF_UNIX => {
                path = self.reader.text(address).map(Given::Text);
            }
            _ => {}
        }
        arguments.push(arg::FAMILY, Value::str(socket.family_name()));
        arguments.push(arg::KIND, Value::str(socket.kind_name()));
        match path {
            Some(Given::Text([0, name @ ..])) => {
                let name = host.abstract_name(name);
                arguments.push(arg::PATH, Value::path(name));
            }
            Some(given) => {
                if let Some(path) = resolve_one(first, &given, Base::Cwd, true, false) {
                    arguments.push(arg::PATH, Value::path(path.as_bytes()));
                }
            }
            None => {}
        }
        arguments
    }

    /// `host, …`
    pub(super) fn lookup<'s>(&mut self, info: &'static EventInfo) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        match self.reader.text(self.reader.argument(0)) {
            Some(b"") | None => arguments.handling = Handling::Left,
            Some(host) => {
                arguments.given = host;
                arguments.push(arg::HOST, Value::str(host));
            }
        }
        if info.args.len() > 1 {
            match self.reader.integer(self.reader.argument(1)) {
                Some(port) => arguments.push(arg::PORT, Value::i64(port)),
                None => {
                    if let Some(service) = self.reader.text(self.reader.argument(1)) {
                        arguments.push(arg::PORT, Value::str(service));
                    }
                }
            }
        }
        arguments
    }

    /// `self, family, type, protocol`
    pub(super) fn socket<'s>(&mut self) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let [family, kind, protocol] = [1, 2, 3].map(|place| {
            self.reader
                .integer(self.reader.argument(place))
                .unwrap_or(-1) as c_int
        });
        if [family, kind, protocol] == [-1; 3] {
            // `socket.socket(fileno=…)`: an existing socket, or one of TCP.
            arguments.handling = Handling::Left;
        }
        // What CPython takes where nothing is said.
        let or = |given: c_int, default| if given == -1 { default } else { given };
        let socket = Endpoint {
            family: or(family, libc::AF_INET),
            kind: or(kind, libc::SOCK_STREAM),
            protocol: or(protocol, 0),
        };
        arguments.push(arg::FAMILY, Value::str(socket.family_name()));
        arguments.push(arg::KIND, Value::str(socket.kind_name()));
        arguments.push(arg::PROTOCOL, Value::i64(socket.protocol.into()));
        arguments
    }
}
