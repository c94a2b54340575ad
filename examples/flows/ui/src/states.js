// What the UI says about states. The states themselves are those of src/flows/engine/states.py.

export const STATES = {
  SCHEDULED: { label: 'Scheduled', tone: 'waiting' },
  PENDING: { label: 'Pending', tone: 'waiting' },
  RUNNING: { label: 'Running', tone: 'active' },
  RETRYING: { label: 'Retrying', tone: 'warning' },
  COMPLETED: { label: 'Completed', tone: 'good' },
  FAILED: { label: 'Failed', tone: 'bad' },
  CANCELLED: { label: 'Cancelled', tone: 'off' },
}

const FINAL = ['COMPLETED', 'FAILED', 'CANCELLED']

export const isFinal = (type) => FINAL.includes(type)

// A state of a newer server is shown as it is called.
export const describeState = (type) => STATES[type] ?? { label: type, tone: 'off' }
