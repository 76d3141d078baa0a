// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import ClientFilters from '$lib/clients/ClientFilters.svelte';
import { filtersOf as clientFiltersOf } from '$lib/clients/filters';
import { filtersOf } from '$lib/reports/filters';
import ReportFilters from '$lib/reports/ReportFilters.svelte';
import SearchField from './SearchField.svelte';
import { fakeLayout } from '../../test/layout';

fakeLayout();
afterEach(cleanup);

const { goto } = vi.hoisted(() => ({ goto: vi.fn() }));
vi.mock('$app/navigation', () => ({ goto }));
vi.mock('$lib/context', () => ({ getColleagues: () => ({ all: [{ id: 'ann', name: 'Ann Lee', numbers: [] }] }) }));

beforeEach(() => goto.mockReset());

const wentTo = () => goto.mock.lastCall?.[0] as string | undefined;
const clients = (search: string) => ({
  filters: clientFiltersOf(new URLSearchParams(search)),
  companyName: undefined,
  ondown: vi.fn(),
});

test('phones show the fields behind a button with the number of active filters', async () => {
  render(ClientFilters, clients('?kind=lead&tag=vip'));
  const button = screen.getByRole('button', { name: 'Filters (2)' });
  expect(button.getAttribute('aria-expanded')).toBe('false');
  await userEvent.click(button);
  expect(button.getAttribute('aria-expanded')).toBe('true');
  const fields = document.getElementById(button.getAttribute('aria-controls') ?? '');
  expect(fields?.querySelector('input[aria-label="Tag"]')).toBeTruthy();
});

test('the filters are cleared together, and there is nothing to clear if none is active', async () => {
  const { rerender } = render(ClientFilters, clients('?kind=lead'));
  await userEvent.click(screen.getByRole('button', { name: 'Clear filters' }));
  expect(wentTo()).toBe('/clients');
  await rerender(clients(''));
  expect(screen.queryByRole('button', { name: 'Clear filters' })).toBeNull();
});

test('/ focuses the search, and the down arrow leaves it for the list', async () => {
  const props = clients('');
  render(ClientFilters, props);
  await userEvent.keyboard('/');
  const field = screen.getByRole('searchbox', { name: 'Name, number or e-mail' });
  expect(document.activeElement).toBe(field);
  expect((field as HTMLInputElement).value).toBe('');
  await userEvent.keyboard('{ArrowDown}');
  expect(props.ondown).toHaveBeenCalledOnce();
});

test('a custom period asks for its days, the first not after the last', async () => {
  const filters = filtersOf(new URLSearchParams('?period=own&from=2026-11-02&to=2026-11-05'));
  render(ReportFilters, { filters, modules: [] });
  const from = screen.getByLabelText<HTMLInputElement>('First day');
  const to = screen.getByLabelText<HTMLInputElement>('Last day');
  expect([from.value, from.max, to.value, to.min]).toEqual(['2026-11-02', '2026-11-05', '2026-11-05', '2026-11-02']);
  await userEvent.clear(to);
  to.dispatchEvent(new Event('change'));
  expect(wentTo()).toBe('/reports?period=own&from=2026-11-02');
});

test('a choice navigates to a new URL, by keyboard alone', async () => {
  render(ReportFilters, { filters: filtersOf(new URLSearchParams()), modules: [] });
  screen.getByRole('combobox', { name: 'Direction: Any direction' }).focus();
  await userEvent.keyboard('{Enter}');
  await screen.findByRole('option', { name: 'Incoming' });
  await userEvent.keyboard('{ArrowDown}{Enter}');
  await vi.waitFor(() => expect(wentTo()).toBe('/reports?direction=in'));
});

test('a search waits until typing pauses, and text typed since stays when the answer arrives', async () => {
  const user = userEvent.setup();
  const onsearch = vi.fn();
  const { rerender } = render(SearchField, { label: 'Search', value: '', onsearch });
  const field = screen.getByRole<HTMLInputElement>('searchbox');
  await user.type(field, 'ann ');
  expect(onsearch).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(onsearch).toHaveBeenCalledExactlyOnceWith('ann'));
  await rerender({ value: 'ann' });
  expect(field.value).toBe('ann ');
  await rerender({ value: '' });
  expect(field.value).toBe('');
});
