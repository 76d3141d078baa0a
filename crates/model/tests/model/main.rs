//! The model's tests: call stories, matching, properties, the contract.
#![cfg(test)]

mod batch;
mod calls;
mod contract;
mod contract_functions;
mod documented;
mod generated;
mod masking;
mod matching;
mod numbers;
mod operators;
mod properties;
mod queues;
mod stories;
mod story;
mod time_outs;
mod world;
