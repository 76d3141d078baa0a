//! The store's stories, each on SQLite and on PostgreSQL.

mod backup;
mod calls;
mod committer;
mod matching;
mod modules;
mod nodes;
mod opening;
mod people;
mod requests;
mod storage;
mod support;
