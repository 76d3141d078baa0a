//! Compiles TypeScript to JavaScript with a source map.

use std::path::Path;

use oxc::allocator::Allocator;
use oxc::ast::ast::{
    ExportAllDeclaration, ExportFromDeclaration, ImportDeclaration, ImportExpression, ImportMeta, Program,
};
use oxc::ast_visit::Visit;
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::diagnostics::OxcDiagnostic;
use oxc::parser::Parser;
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::{SourceType, Span};
use oxc::transformer::{TransformOptions, Transformer};
use oxc_sourcemap::SourceMap;
use serde::{Deserialize, Serialize};

use crate::Function;
use crate::bytecode::Bytecode;
use crate::position::SCRIPT_FILE;

/// Longest accepted script, in bytes.
pub const MAX_SOURCE_BYTES: usize = 256 << 10;

/// Stack of the compiler thread. The parser and its visitors recurse as deep as the script nests, without a limit of
/// their own; a script of pure nesting needs this much. Only the pages in use are backed by memory.
const STACK_BYTES: usize = 1 << 30;

/// Maximum number of diagnostics per script.
const MAX_DIAGNOSTICS: usize = 50;

/// A script ready to load.
pub struct Compiled {
    pub(crate) code: String,
    /// Of the code with what [`crate::prelude::with_epilogue`] adds.
    pub(crate) bytecode: Bytecode,
    pub(crate) map: SourceMap<'static>,
    /// Declarations with names that resemble the contract's but are not part of it.
    pub lookalikes: Vec<Lookalike>,
}

/// A top-level function or variable with a name that resembles the contract's but is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalike {
    pub name: String,
    /// Whether it is declared as a function.
    pub is_function: bool,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("code", &self.code).finish_non_exhaustive()
    }
}

/// Why and where a script was rejected (counted from 1; columns in UTF-16 units).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

/// Removes the types (and compiles the enums) of a module's script.
///
/// # Errors
/// Every syntax error, and every import of a value: a script has only its globals.
pub fn compile(source: &str) -> Result<Compiled, Vec<Diagnostic>> {
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("the script is longer than {MAX_SOURCE_BYTES} bytes");
        return Err(vec![Diagnostic { line: 1, column: 1, message }]);
    }
    if let Some(at) = source.find('\0') {
        return Err(vec![diagnostic(source, at, "the script contains a NUL character".into())]);
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("compile".into()).stack_size(STACK_BYTES);
        let compiling = thread.spawn_scoped(scope, || strip(source));
        let failed = |what: &str| vec![Diagnostic { line: 1, column: 1, message: what.into() }];
        compiling
            .map_err(|error| failed(&format!("cannot start the compiler's thread: {error}")))?
            .join()
            .unwrap_or_else(|_| Err(failed("the compiler failed on this script")))
    })
}

fn strip(source: &str) -> Result<Compiled, Vec<Diagnostic>> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, SourceType::ts().with_module(true)).parse();
    refuse(source, parsed.diagnostics.errors())?;
    let mut program = parsed.program;

    let checked = SemanticBuilder::new().with_check_syntax_error(true).with_enum_eval(true).build(&program);
    refuse(source, checked.diagnostics.errors())?;
    let scoping = checked.semantic.into_scoping();
    let lookalikes = lookalikes(source, &scoping);
    let transformed = Transformer::new(&allocator, Path::new(SCRIPT_FILE), &TransformOptions::default())
        .build_with_scoping(scoping, &mut program);
    refuse(source, transformed.diagnostics.errors())?;

    let imports = imports(&program);
    if !imports.is_empty() {
        let message = "a script cannot import; it has only its globals (`import type` is allowed)";
        return Err(imports
            .iter()
            .map(|span| diagnostic(source, span.start as usize, message.into()))
            .collect());
    }

    let options = CodegenOptions {
        source_map_path: Some(SCRIPT_FILE.into()),
        indent_width: 0,
        ..CodegenOptions::default()
    };
    let printed = Codegen::new().with_options(options).build(&program);
    let map = printed
        .map
        .unwrap_or_else(|| SourceMap::new(None, vec![], None, vec![], vec![], Box::default(), None));
    Ok(Compiled { code: printed.code, bytecode: Bytecode::new(), map: map.into_owned(), lookalikes })
}

fn lookalikes(source: &str, scoping: &Scoping) -> Vec<Lookalike> {
    let symbols = scoping.iter_bindings_in(scoping.root_scope_id());
    let lookalike = |symbol| {
        let (name, flags) = (scoping.symbol_name(symbol), scoping.symbol_flags(symbol));
        let looks_alike = name.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("voip"));
        let may_be_function = flags.is_function() || flags.is_variable();
        (looks_alike && may_be_function && Function::from_name(name).is_none()).then(|| {
            let at = diagnostic(source, scoping.symbol_span(symbol).start as usize, String::new());
            let is_function = flags.is_function();
            Lookalike { name: name.to_owned(), is_function, line: at.line, column: at.column }
        })
    };
    let mut lookalikes: Vec<_> = symbols.filter_map(lookalike).take(MAX_DIAGNOSTICS).collect();
    lookalikes.sort_by_key(|found| (found.line, found.column));
    lookalikes
}

fn refuse<'a>(source: &str, errors: impl Iterator<Item = &'a OxcDiagnostic>) -> Result<(), Vec<Diagnostic>> {
    let diagnostics: Vec<_> = errors
        .take(MAX_DIAGNOSTICS)
        .map(|error| {
            let offset = error.labels.first().map_or(0, |label| label.offset());
            diagnostic(source, offset as usize, error.message.to_string())
        })
        .collect();
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}

fn diagnostic(source: &str, offset: usize, message: String) -> Diagnostic {
    let before = &source[..source.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].encode_utf16().count() + 1;
    Diagnostic { line: number(line), column: number(column), message }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// References to other modules; type-only imports are gone by now.
fn imports(program: &Program<'_>) -> Vec<Span> {
    let mut found = Imports::default();
    found.visit_program(program);
    found.spans
}

#[derive(Default)]
struct Imports {
    spans: Vec<Span>,
}

impl<'a> Visit<'a> for Imports {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        self.spans.push(import.span);
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        self.spans.push(export.span);
    }

    fn visit_export_all_declaration(&mut self, export: &ExportAllDeclaration<'a>) {
        self.spans.push(export.span);
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        self.spans.push(import.span);
    }

    fn visit_import_meta(&mut self, meta: &ImportMeta) {
        self.spans.push(meta.span);
    }
}
