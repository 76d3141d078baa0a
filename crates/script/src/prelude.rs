//! The JavaScript that gives a script its globals. One function of the natives, evaluated in every fresh context.

use rquickjs::context::EvalOptions;

/// The parts share one scope; none of their names is visible to scripts but what `globals.js` puts on `globalThis`.
pub(crate) const SOURCE: &str = concat!(
    "(function (native) { 'use strict';\n",
    include_str!("prelude/text.js"),
    include_str!("prelude/url.js"),
    include_str!("prelude/operations.js"),
    include_str!("prelude/http.js"),
    include_str!("prelude/fetch.js"),
    include_str!("prelude/crypto.js"),
    include_str!("prelude/console.js"),
    include_str!("prelude/namespace.js"),
    include_str!("prelude/border.js"),
    include_str!("prelude/globals.js"),
    "})"
);

/// The name the prelude has in stack traces, so that its frames can be told from the script's.
pub(crate) fn options() -> EvalOptions {
    let mut options = EvalOptions::default();
    options.filename = Some("prelude".into());
    options
}

/// The script with an export that gathers the contract's functions, whether they are exported, plain or missing.
pub(crate) fn with_epilogue(code: &str) -> String {
    let entries: String = crate::Function::ALL
        .map(crate::Function::name)
        .map(|name| format!("{name}:typeof {name}==='undefined'?undefined:{name},"))
        .concat();
    format!("{code}\n;export const $hookswitch={{{entries}}};")
}
