//! Refuses connections to ports above a limit.
//!
//! A gate (`port-limit.check` in hooks.toml) and two commands (`audithook port-limit allows 443`, `audithook port-limit
//! ports`).

use audithook_sdk::Pieces;
use audithook_sdk::prelude::*;

/// What `config` in `[plugin.port-limit]` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// The highest port that may be connected to.
    highest: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self { highest: 1024 }
    }
}

struct PortLimit {
    config: Config,
}

#[plugin(name = "port-limit")]
impl Plugin for PortLimit {
    type Config = Config;

    fn create(_: Host, config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    /// Judges the port of a connection.
    #[gate(on_failure = Deny)]
    fn check(&self, event: &SocketConnect) -> Judgement {
        match event.port() {
            Some(port) if port > self.config.highest.into() => deny!("port {port} is too high"),
            _ => Allow,
        }
    }

    /// Whether a port would be let through.
    #[command]
    fn allows(
        &self,
        /** The port. */
        #[arg(positional)]
        port: u16,
    ) -> bool {
        port <= self.config.highest
    }

    /// Every port that is let through, one a line.
    #[command]
    fn ports(&self) -> Answer {
        Answer::bytes(Ports {
            left: 1..=self.config.highest,
            line: String::new(),
        })
    }
}

/// A stream is pulled: of a million lines nobody reads, none is made.
struct Ports {
    left: std::ops::RangeInclusive<u16>,
    line: String,
}

impl Pieces for Ports {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let Some(port) = self.left.next() else {
            return Ok(None);
        };
        self.line = format!("{port}\n");
        Ok(Some(self.line.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use audithook_sdk::testing::Host;

    use super::*;

    #[test]
    fn ports_above_the_limit_are_refused_with_the_reason() {
        let host = Host::new();
        let plugin = host
            .create(audithook_plugin_entry, r#"{"highest": 1024}"#)
            .expect("made");
        let check = plugin.attach("check", "{}").expect("attached");
        let judged =
            |port| check.judge(&host.event("socket.connect", &[("port", Value::u64(port))]));
        assert_eq!(judged(1024).verdict(), Some(Verdict::Allow));
        assert_eq!(judged(1025).verdict(), Some(Verdict::Deny));
        assert_eq!(
            judged(1025).reason.as_deref(),
            Some("port 1025 is too high")
        );
    }

    #[test]
    fn what_config_does_not_take_is_refused() {
        let host = Host::new();
        let refused = host.create(audithook_plugin_entry, r#"{"higest": 1024}"#);
        assert!(refused.is_err());
    }
}
