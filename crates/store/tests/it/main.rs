//! The store's stories, each on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a step that fails fails its story")]

mod audit;
mod backup;
mod callers;
mod calls;
mod clients;
mod clients_list;
mod clients_merge;
mod comments;
mod committer;
mod matching;
mod missed_lists;
mod modules;
mod nodes;
mod opening;
mod outcomes;
mod people;
mod reports;
mod requests;
mod storage;
mod support;
mod unreadable;
