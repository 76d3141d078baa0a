//! QuickJS's bytecode of a source text. Reading it takes a tenth of the time of parsing the text, so each text is parsed
//! once.

use std::sync::OnceLock;

use rquickjs::module::{Declared, Module, WriteOptions};
use rquickjs::{Context, Ctx, Result, Runtime};

/// A module's bytecode, once it was needed.
pub(crate) struct Bytecode(OnceLock<Vec<u8>>);

impl Bytecode {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Declares the module in a context.
    pub(crate) fn declare<'js>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
        source: impl Fn() -> String,
        options: WriteOptions,
    ) -> Result<Module<'js, Declared>> {
        let bytecode = match self.0.get() {
            Some(bytecode) => bytecode,
            None => match written(name, source(), options) {
                Ok(written) => self.0.get_or_init(|| written),
                // Thrown again, where it can be caught.
                Err(_) => return Module::declare(ctx.clone(), name, source()),
            },
        };
        read(ctx, bytecode)
    }
}

fn written(name: &str, source: String, options: WriteOptions) -> Result<Vec<u8>> {
    let runtime = Runtime::new()?;
    Context::full(&runtime)?.with(|ctx| Module::declare(ctx, name, source)?.write(options))
}

#[expect(unsafe_code, reason = "QuickJS does not check bytecode")]
fn read<'js>(ctx: &Ctx<'js>, bytecode: &[u8]) -> Result<Module<'js, Declared>> {
    // SAFETY: the bytecode was written by this process, with the same QuickJS.
    unsafe { Module::load(ctx.clone(), bytecode) }
}
