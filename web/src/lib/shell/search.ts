import type { Colleague } from '$lib/account/colleagues.svelte';
import { api, ask } from '$lib/api/client';
import { clientName } from '$lib/clients/client-name';
import { titleOf } from '$lib/calls/people';
import { shortTime } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import { targetOf, type Target } from '$lib/telephony/target';

interface Hit {
  href: string;
  title: string;
  hint?: string;
  /** How to call the result, if it can be called. */
  dial?: { target: Target; number: string };
}

export interface Found {
  title: string;
  items: Hit[];
}

interface Scope {
  isAdmin: boolean;
  colleagues: Colleague[];
}

const MAX_IN_GROUP = 6;

/** Whether the text may be a number to call: digits and separators. */
export function looksLikeNumber(text: string): boolean {
  return /^\s*\+?[\d\s().\-/*#]{2,}$/.test(text) && /\d{2}/.test(text.replace(/\D/g, ''));
}

/** Searches everything by name or number: pages locally, the rest on the server. Empty groups are omitted. */
export async function findEverywhere(
  text: string,
  { isAdmin, colleagues }: Scope,
  signal: AbortSignal,
): Promise<Found[]> {
  const groups = await Promise.all([
    pages(isAdmin),
    text ? clients(text, signal) : none(m.clients()),
    looksLikeNumber(text) ? calls(text, signal) : none(m.shell_search_calls()),
    isAdmin && text ? modules(signal) : none(m.shell_search_modules()),
    isAdmin && text ? users(colleagues) : none(m.shell_search_users()),
  ]);
  const needle = text.toLowerCase();
  const matches = ({ title, hint = '' }: { title: string; hint?: string }) =>
    `${title} ${hint}`.toLowerCase().includes(needle);
  return groups
    .map(({ title, items, filtered }) => ({
      title,
      items: (filtered ? items : items.filter(matches)).slice(0, MAX_IN_GROUP),
    }))
    .filter((group) => group.items.length > 0);
}

type Group = Found & { filtered?: boolean };

const none = (title: string): Group => ({ title, items: [] });

function pages(isAdmin: boolean): Group {
  const all = [
    { href: '/calls', title: m.shell_calls() },
    { href: '/missed', title: m.shell_missed() },
    { href: '/clients', title: m.clients() },
    ...(isAdmin
      ? [
          { href: '/reports', title: m.shell_reports() },
          { href: '/modules', title: m.shell_modules() },
          { href: '/users', title: m.shell_users() },
          { href: '/outcomes', title: m.shell_outcomes() },
          { href: '/settings', title: m.shell_settings() },
          { href: '/audit', title: m.shell_audit() },
        ]
      : []),
    { href: '/profile', title: m.shell_profile() },
  ];
  return { title: m.shell_search_pages(), items: all };
}

async function clients(text: string, signal: AbortSignal): Promise<Group> {
  const params = { query: { query: text, limit: MAX_IN_GROUP } };
  const { items } = await ask(api.GET('/api/v1/clients', { params, signal }));
  const rows = items.map((client) => ({
    href: `/clients/${client.id}`,
    title: clientName(client),
    hint: [client.phones[0]?.formatted, client.company?.name].filter(Boolean).join(' · '),
    dial: client.phones[0] && {
      target: targetOf(client.phones[0], { clientId: client.id, position: 0 }),
      number: client.phones[0].formatted,
    },
  }));
  return { title: m.clients(), items: rows, filtered: true };
}

async function calls(number: string, signal: AbortSignal): Promise<Group> {
  const query = { phone: number.trim(), limit: MAX_IN_GROUP };
  const { items } = await ask(api.GET('/api/v1/calls', { params: { query }, signal }));
  const rows = items.map((call) => ({
    href: `/calls/${call.id}`,
    title: titleOf(call),
    hint: shortTime(call.startedAt),
  }));
  return { title: m.shell_search_calls(), items: rows, filtered: true };
}

async function modules(signal: AbortSignal): Promise<Group> {
  const { items } = await ask(api.GET('/api/v1/modules', { signal }));
  return {
    title: m.shell_search_modules(),
    items: items.map(({ id, name }) => ({ href: `/modules/${id}`, title: name })),
  };
}

function users(colleagues: Colleague[]): Group {
  return {
    title: m.shell_search_users(),
    items: colleagues.map(({ id, name }) => ({ href: `/users/${id}`, title: name })),
  };
}
