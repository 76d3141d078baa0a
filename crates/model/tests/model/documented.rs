//! The examples in `docs/CALLS.md` hold.

use crate::story::{lines, seen};

const PAGE: &str = include_str!("../../../../docs/CALLS.md");

#[test]
fn every_example_in_the_calls_page_holds() {
    let mut examples = 0;
    for block in PAGE.split("```call\n").skip(1) {
        let (example, _) = block.split_once("```").expect("the block ends");
        let (story, expected) = example.split_once("=>").expect("a story and what people see");
        assert_eq!(seen(story), lines(expected).collect::<Vec<_>>().join("\n"), "\nof the story\n{story}");
        examples += 1;
    }
    assert!(examples >= 10, "only {examples} examples");
}
