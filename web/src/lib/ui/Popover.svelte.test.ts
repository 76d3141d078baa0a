// @vitest-environment jsdom
import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import Keypad from '$lib/call-card/Keypad.svelte';
import Resolve from '$lib/missed/Resolve.svelte';
import { fakeLayout } from '../../test/layout';

fakeLayout();
afterEach(cleanup);

const focused = () => document.activeElement;

test('opens by keyboard, takes the focus, and returns it on Escape', async () => {
  const user = userEvent.setup();
  render(Resolve, { title: 'Ann Lee', onresolve: vi.fn() });
  await user.tab();
  const button = screen.getByRole('button', { name: /^Resolve/ });
  expect(focused()).toBe(button);
  expect(button.getAttribute('aria-expanded')).toBe('false');

  await user.keyboard('{Enter}');
  const dialog = await screen.findByRole('dialog', { name: 'Mark Ann Lee as resolved' });
  expect(button.getAttribute('aria-expanded')).toBe('true');
  await waitFor(() => expect(dialog.contains(focused())).toBe(true));

  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  await waitFor(() => expect(focused()).toBe(button));
});

test('Enter sends the typed text, which is cleared on reopening', async () => {
  const user = userEvent.setup();
  const onresolve = vi.fn();
  render(Resolve, { title: 'Ann Lee', onresolve });
  const button = screen.getByRole('button', { name: /^Resolve/ });
  await user.click(button);
  await user.type(await screen.findByRole('textbox'), ' wrong number {Enter}');
  expect(onresolve).toHaveBeenCalledWith('wrong number');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  await user.click(button);
  expect((await screen.findByRole<HTMLInputElement>('textbox')).value).toBe('');
});

test('the keypad sends what is typed and pressed, in order', async () => {
  const user = userEvent.setup();
  const sent: string[] = [];
  render(Keypad, {
    send: async (digits: string) => {
      sent.push(digits);
      return true;
    },
  });
  await user.click(screen.getByRole('button', { name: 'Keypad' }));
  await user.click(await screen.findByRole('button', { name: '1' }));
  await user.keyboard('2x#');
  await waitFor(() => expect(sent).toEqual(['1', '2', '#']));
});
