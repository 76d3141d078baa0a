//! The server as its users meet it: real HTTP, a real database, both kinds. One file an area of routes.

mod cli;
mod events;
mod fetch;
mod health;
mod http;
mod openapi;
mod requests;
mod session;
mod setup;
mod support;
mod tokens;
mod users;
mod webhooks;
