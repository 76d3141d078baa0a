//! The model's tests: call stories, matching, properties, the contract.
#![cfg(test)]

mod calls;
mod contract;
mod masking;
mod documented;
mod matching;
mod numbers;
mod operators;
mod properties;
mod stories;
mod story;
