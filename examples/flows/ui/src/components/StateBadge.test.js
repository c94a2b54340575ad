import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createSSRApp } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { STATES, isFinal } from '../states.js'
import StateBadge from './StateBadge.vue'

// rendered to text: needs no browser and no imitation of one
const render = (props) => renderToString(createSSRApp(StateBadge, props))

test.each(Object.entries(STATES))('%s has a label and a tone', async (type, { label, tone }) => {
  const html = await render({ type })
  expect(html).toContain(`class="badge ${tone}"`)
  expect(html).toContain(`>${label}</span>`)
})

test('the message is the tooltip, and is escaped', async () => {
  expect(await render({ type: 'FAILED', message: '"<b>"' })).toContain('title="&quot;&lt;b&gt;&quot;"')
  expect(await render({ type: 'FAILED' })).not.toContain('title')
})

test('a state that this UI does not know is shown as it is', async () => {
  expect(await render({ type: 'PAUSED' })).toContain('>PAUSED</span>')
})

test('the states are those of the engine', () => {
  const engine = readFileSync(new URL('../../../src/flows/engine/states.py', import.meta.url), 'utf8')
  const declared = [...engine.matchAll(/^ {4}([A-Z]+) = "\1"/gm)].map(([, name]) => name)
  expect(Object.keys(STATES)).toEqual(declared)
  expect(Object.keys(STATES).filter(isFinal)).toEqual(['COMPLETED', 'FAILED', 'CANCELLED'])
})
