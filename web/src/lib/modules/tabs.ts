import { m } from '$lib/paraglide/messages';

/** A module's pages. */
export function tabsOf(id: string): { path: string; href: string; title: string }[] {
  const tabs = [
    { path: 'settings', title: m.modules_tab_settings() },
    { path: 'telephony', title: m.modules_tab_telephony() },
    { path: 'script', title: m.modules_tab_script() },
    { path: 'checks', title: m.modules_tab_checks() },
    { path: 'requests', title: m.modules_tab_requests() },
    { path: 'log', title: m.modules_tab_log() },
  ];
  return tabs.map((tab) => ({ ...tab, href: `/modules/${id}/${tab.path}` }));
}

/** Whether the page, or one below it, is open. */
export function isOpen(href: string, { pathname }: URL): boolean {
  return pathname === href || pathname.startsWith(`${href}/`);
}
