//! The JavaScript that defines a script's globals: a function that takes the natives, called in every fresh context.
//!
//! Parsing it takes 3 ms, reading its bytecode a tenth of that, so it is parsed once per process.

use std::sync::OnceLock;

use rquickjs::{Context, Ctx, Function, Module, Runtime, WriteOptions};

/// The parts share one scope; scripts see only the names that `globals.js` puts on `globalThis`.
const SOURCE: &str = concat!(
    "export default function (native) {\n",
    include_str!("prelude/border.js"),
    include_str!("prelude/text.js"),
    include_str!("prelude/url.js"),
    include_str!("prelude/operations.js"),
    include_str!("prelude/http.js"),
    include_str!("prelude/fetch.js"),
    include_str!("prelude/crypto.js"),
    include_str!("prelude/jwt.js"),
    include_str!("prelude/providers.js"),
    include_str!("prelude/console.js"),
    include_str!("prelude/namespace.js"),
    include_str!("prelude/guards.js"),
    include_str!("prelude/globals.js"),
    "}"
);

static BYTECODE: OnceLock<Vec<u8>> = OnceLock::new();

/// The prelude's function in this context.
pub(crate) fn function<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Function<'js>> {
    let bytecode = match BYTECODE.get() {
        Some(bytecode) => bytecode,
        None => {
            let fresh = bytecode()?;
            BYTECODE.get_or_init(|| fresh)
        }
    };
    let (module, _) = read(ctx, bytecode)?.eval()?;
    module.get("default")
}

fn bytecode() -> rquickjs::Result<Vec<u8>> {
    let runtime = Runtime::new()?;
    let options = WriteOptions { strip_source: true, strip_debug: true, ..WriteOptions::default() };
    Context::full(&runtime)?.with(|ctx| Module::declare(ctx, "prelude", SOURCE)?.write(options))
}

#[expect(unsafe_code, reason = "QuickJS does not check bytecode")]
fn read<'js>(ctx: &Ctx<'js>, bytecode: &[u8]) -> rquickjs::Result<Module<'js>> {
    // SAFETY: the bytecode was written by this process, with the same QuickJS.
    unsafe { Module::load(ctx.clone(), bytecode) }
}

/// The script with an export that collects the contract's functions, whether exported, plain or missing.
pub(crate) fn with_epilogue(code: &str) -> String {
    let entries: String = crate::Function::ALL
        .map(crate::Function::name)
        .map(|name| format!("{name}:typeof {name}==='undefined'?undefined:{name},"))
        .concat();
    format!("{code}\n;export const $hookswitch={{{entries}}};")
}
