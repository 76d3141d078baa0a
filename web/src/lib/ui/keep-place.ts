import { afterNavigate, beforeNavigate } from '$app/navigation';

/**
 * Restores a list's scroll position when the user returns through a link on an item's page. The browser's Back button
 * does so by itself.
 */
export function keepPlace(list: { scrolled: number }, itemRoute: string) {
  beforeNavigate(() => (list.scrolled = window.scrollY));
  afterNavigate(({ type, from }) => {
    if (type === 'link' && from?.route.id === itemRoute) window.scrollTo(0, list.scrolled);
  });
}
