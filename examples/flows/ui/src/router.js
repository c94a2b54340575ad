import { createRouter, createWebHashHistory } from 'vue-router'
import DeploymentsPage from './pages/DeploymentsPage.vue'
import FlowsPage from './pages/FlowsPage.vue'
import RunsPage from './pages/RunsPage.vue'

export const pages = [
  { path: '/runs', name: 'Runs', component: RunsPage },
  { path: '/flows', name: 'Flows', component: FlowsPage },
  { path: '/deployments', name: 'Deployments', component: DeploymentsPage },
]

export const router = createRouter({
  // after the `#`: the server needs to know one page only
  history: createWebHashHistory(),
  routes: [...pages, { path: '/:rest(.*)*', redirect: '/runs' }],
})
