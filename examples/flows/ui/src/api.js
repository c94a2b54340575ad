// The HTTP API. Unaware of the pages.

async function call(path, options) {
  const response = await fetch(`${import.meta.env.BASE_URL}api/${path}`, options)
  const body = await response.json().catch(() => null)
  if (!response.ok) {
    throw new Error(body?.detail ?? `the API answered ${response.status}`)
  }
  return body
}

function post(path, value) {
  return call(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(value),
  })
}

export const listFlows = () => call('flows')
export const listDeployments = () => call('deployments')
export const listRuns = (state) => call(state ? `flow_runs?state=${state}` : 'flow_runs')
export const runDeployment = (id) => post(`deployments/${id}/runs`, {})
export const cancelRun = (id) => post(`flow_runs/${id}/state`, { type: 'CANCELLED', message: 'from the UI' })
