import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
export default {
  kit: {
    // One page for all addresses: the server does not know the app's routes.
    adapter: adapter({ fallback: 'index.html', precompress: true }),
    version: { pollInterval: 0 },
  },
};
