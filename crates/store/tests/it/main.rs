//! The store's tests, each on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failing step fails the test")]

mod audit;
mod backup;
mod callers;
mod calls;
mod clients;
mod clients_list;
mod clients_merge;
mod comments;
mod committer;
mod erasure;
mod erasure_story;
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
mod taken_back;
mod unreadable;
