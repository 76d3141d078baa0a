import { describe, expect, it } from 'vitest';
import { withNewest, type LogLine } from './log-lines';

const line = (id: number): LogLine => ({ id, at: '2026-01-01T00:00:00Z', level: 'info', message: `line ${id}` });
const lines = (ids: number[], nextCursor: string | null = null) => ({ items: ids.map(line), nextCursor });
const ids = ({ items }: { items: LogLine[] }) => items.map(({ id }) => id);

describe('new lines of a log', () => {
  it('go before those that are shown, once each', () => {
    const merged = withNewest(lines([3, 2, 1], 'older'), lines([5, 4, 3], 'newer'));
    expect(ids(merged)).toEqual([5, 4, 3, 2, 1]);
    expect(merged.nextCursor).toBe('older');
  });

  it('take the place of all where lines between would be missing', () => {
    const merged = withNewest(lines([3, 2, 1], null), lines([9, 8, 7], 'newer'));
    expect(ids(merged)).toEqual([9, 8, 7]);
    expect(merged.nextCursor).toBe('newer');
  });

  it('take the place of all once there are thousands', () => {
    const many = Array.from({ length: 2000 }, (_, index) => 2000 - index);
    expect(withNewest(lines(many), lines([2001, 2000], 'newer')).items).toHaveLength(2);
  });
});
