import { expect, test } from 'vitest'
import { formatAge, formatDuration, formatSeconds } from './time.js'

const now = new Date('2030-01-01T12:00:00Z')

test.each([
  [0.0123, '12 ms'],
  [1.25, '1.3 s'],
  [7, '7 s'],
  [42, '42 s'],
  [60, '1 min'],
  [754, '12 min 34 s'],
  [3600, '1 h'],
  [3605, '1 h'],
  [93784, '1 d 2 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text)
})

test('ages look back and ahead', () => {
  expect(formatAge('2030-01-01T11:59:58Z', now)).toBe('just now')
  expect(formatAge('2030-01-01T11:59:52Z', now)).toBe('8 s ago')
  expect(formatAge('2030-01-01T11:00:00Z', now)).toBe('1 h ago')
  expect(formatAge('2030-01-01T12:00:30Z', now)).toBe('in 30 s')
})

test('the duration of a run', () => {
  expect(formatDuration({ start_time: null, end_time: null }, now)).toBe('–')
  expect(formatDuration({ start_time: '2030-01-01T11:58:00Z', end_time: null }, now)).toBe('2 min')
  const done = { start_time: '2030-01-01T11:00:00Z', end_time: '2030-01-01T11:00:12Z' }
  expect(formatDuration(done, now)).toBe('12 s')
})
