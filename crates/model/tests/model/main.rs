//! The model's tests: call stories, matching, properties, the contract.
#![cfg(test)]

mod calls;
mod contract;
mod masking;
mod matching;
mod operators;
mod properties;
mod story;
