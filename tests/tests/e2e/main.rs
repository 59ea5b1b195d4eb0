//! The end-to-end tests: what a user does, through the built command, on every interpreter of this machine.

mod embedded;
mod exec;
mod files;
mod hooks;
mod jobs;
mod journal;
mod kill;
mod network;
mod network_names;
mod plugins;
mod policies;
mod real_programs;
mod reload;
mod startup;
mod tree;
mod versions;
