//! The JavaScript that defines a script's globals: a function that takes the natives, called in every fresh context.

use rquickjs::{Ctx, Function, WriteOptions};

use crate::bytecode::Bytecode;

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

static BYTECODE: Bytecode = Bytecode::new();

/// The prelude's function in this context.
pub(crate) fn function<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Function<'js>> {
    let options = WriteOptions { strip_source: true, strip_debug: true, ..WriteOptions::default() };
    let (module, _) = BYTECODE.declare(ctx, "prelude", || SOURCE.to_owned(), options)?.eval()?;
    module.get("default")
}

/// The script with an export that collects the contract's functions, whether exported, plain or missing.
pub(crate) fn with_epilogue(code: &str) -> String {
    let entries: String = crate::Function::ALL
        .map(crate::Function::name)
        .map(|name| format!("{name}:typeof {name}==='undefined'?undefined:{name},"))
        .concat();
    format!("{code}\n;export const $hookswitch={{{entries}}};")
}
