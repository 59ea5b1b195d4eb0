//! `audithook plugin inspect`

use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use super::apart::{self, Examined};
use super::report::{self, Report};
use crate::cli::arguments::{FormatName, PluginInspect};
use crate::cli::failure::{Answer, Failure};
use crate::cli::terminal::{Paint, Style, Terminal};

pub(super) fn run(arguments: &PluginInspect, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let file = &arguments.file;
    if arguments.here {
        apart::answer(file)?;
        return Ok(Answer::Good);
    }
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.clone());
    let examined = apart::examine(&absolute)
        .map_err(|error| Failure::because("cannot start a process for", file.display(), &error))?;
    let is_refused = matches!(examined, Examined::Refused { .. });
    match arguments.format.format {
        FormatName::Json => terminal.json(&examined)?,
        FormatName::Text => {
            let paint = terminal.paint();
            write(&examined, file, paint, terminal.out())?;
        }
    }
    Ok(Answer::no_if(is_refused))
}

fn write(examined: &Examined, file: &Path, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    match examined {
        Examined::Plugin(plugin) => Sheet { paint, out }.write(plugin),
        Examined::Refused { refusal, hint, .. } => {
            let refused = paint.apply(Style::Red, "refused");
            writeln!(out, "{refused}: {}: {refusal}", file.display())?;
            match hint {
                Some(hint) => writeln!(out, "\n{} {hint}", paint.bold("hint:")),
                None => Ok(()),
            }
        }
    }
}

struct Sheet<'o, W> {
    paint: Paint,
    out: &'o mut W,
}

impl<W: Write> Sheet<'_, W> {
    fn write(&mut self, plugin: &Report) -> io::Result<()> {
        writeln!(
            self.out,
            "{} {} {}",
            self.paint.bold(&plugin.name),
            plugin.version,
            self.paint.dim(format_args!("({})", plugin.id))
        )?;
        self.line("summary", &plugin.summary)?;
        let abi = format!("{}, hosts from {} on", plugin.abi, plugin.abi_at_least);
        self.line("abi", &abi)?;
        self.line("made with", &plugin.sdk)?;
        self.line("license", &plugin.license)?;
        self.line("placement", &plugin.placements.join(", "))?;
        if plugin.own_threads {
            self.line("threads", "starts its own")?;
        }
        self.keys("config", "", &plugin.config)?;
        for (place, hook) in plugin.hooks.iter().enumerate() {
            let title = if place == 0 { "hooks" } else { "" };
            let mut traits = hook.kinds.clone();
            traits.extend(hook.pure.then(|| "pure".to_owned()));
            if hook.kinds.iter().any(|kind| kind == "gate") {
                traits.push(format!("on failure {}", hook.on_failure));
            }
            let text = format!("{}: {}. {}", hook.name, traits.join(", "), hook.summary);
            self.line(title, text.trim_end())?;
            self.keys("", "  with ", &hook.with)?;
        }
        for (place, command) in plugin.commands.iter().enumerate() {
            let title = if place == 0 { "commands" } else { "" };
            let text = format!("{}: {}", command.usage(), command.summary);
            self.line(title, text.trim_end_matches([' ', ':']))?;
        }
        self.line("file", &plugin.file.display().to_string())?;
        self.line("sha256", plugin.sha256.as_deref().unwrap_or_default())
    }

    /// A line under a title; nothing where there is nothing to say.
    fn line(&mut self, title: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let title = format!("{title:<9}");
        let title = self.paint.apply(Style::Cyan, title);
        writeln!(self.out, "  {title}  {text}")
    }

    fn keys(&mut self, title: &str, before: &str, schema: &Value) -> io::Result<()> {
        for (place, (key, about)) in report::keys(schema).into_iter().enumerate() {
            let title = if place == 0 { title } else { "" };
            self.line(title, &format!("{before}{key}: {about}"))?;
        }
        Ok(())
    }
}
