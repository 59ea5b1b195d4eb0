//! The end-to-end tests: what a user does, through the built command, on every interpreter of this machine.

mod embedded;
mod exec;
mod files;
mod hooks;
mod hostile_arguments;
mod hostile_clients;
mod ids;
mod jobs;
mod journal;
mod kill;
mod leavings;
mod network;
mod network_names;
mod odd_programs;
mod pipelines;
mod plugins;
mod policies;
mod reach;
mod real_programs;
mod reload;
mod roots;
mod shared_memory;
mod small_limits;
mod startup;
mod tree;
mod versions;
