import { afterNavigate, beforeNavigate } from '$app/navigation';

/**
 * Whoever comes back to a list by a link on the page of one of its items finds it where they left it. The browser's Back
 * does so by itself.
 */
export function keepPlace(list: { scrolled: number }, itemRoute: string) {
  beforeNavigate(() => (list.scrolled = window.scrollY));
  afterNavigate(({ type, from }) => {
    if (type === 'link' && from?.route.id === itemRoute) window.scrollTo(0, list.scrolled);
  });
}
