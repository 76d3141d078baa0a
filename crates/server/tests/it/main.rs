//! The server as its users meet it: real HTTP, a real database, both kinds. One file an area of routes.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod activity;
mod audit_trail;
mod callers;
mod calls;
mod calls_csv;
mod cli;
mod clients;
mod clients_csv;
mod clients_import;
mod clients_merge;
mod clients_seen;
mod comments;
mod controls;
mod crash;
mod demo;
mod dialling;
mod documented_examples;
mod events;
mod fetch;
mod health;
mod hidden_numbers;
mod history;
mod http;
mod me;
mod modules;
mod openapi;
mod outcome_lists;
mod outcomes;
mod process;
mod provider_stories;
mod reports;
mod requests;
mod session;
mod settings;
mod setup;
mod slow_clients;
mod sockets;
mod support;
mod tokens;
mod users;
mod web;
mod webhooks;
