// The server sends one empty page; everything is shown by the browser.
export const ssr = false;
export const prerender = false;
