// The server sends one empty page; everything is rendered in the browser.
export const ssr = false;
export const prerender = false;
