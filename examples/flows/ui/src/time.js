// Times for people. All functions take the present as an argument, so that they can be tested.

const UNITS = [
  ['d', 86400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
]

export function formatSeconds(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`
  let rest = Math.round(seconds)
  const first = UNITS.findIndex(([, size]) => rest >= size)
  return UNITS.slice(first, first + 2)
    .map(([name, size]) => {
      const count = Math.floor(rest / size)
      rest -= count * size
      return count ? `${count} ${name}` : ''
    })
    .filter(Boolean)
    .join(' ')
}

export function formatAge(time, now) {
  const seconds = (now - new Date(time)) / 1000
  if (Math.abs(seconds) < 5) return 'just now'
  return seconds > 0
    ? `${formatSeconds(Math.floor(seconds))} ago`
    : `in ${formatSeconds(Math.ceil(-seconds))}`
}

// How long a run took, or has been going on; nothing if it has not begun.
export function formatDuration(run, now) {
  if (!run.start_time) return '–'
  const end = run.end_time ? new Date(run.end_time) : now
  return formatSeconds(Math.max(0, (end - new Date(run.start_time)) / 1000))
}
