import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// FLOWS_UI_BASE: the path that the UI is served below.
// FLOWS_API_URL: where the development server (`npm run serve`) sends requests for /api.
const api = process.env.FLOWS_API_URL ?? 'http://127.0.0.1:4300/api'

export default defineConfig({
  base: process.env.FLOWS_UI_BASE ?? '/',
  plugins: [vue()],
  build: {
    // straight to where the server looks for it
    outDir: fileURLToPath(new URL('../src/flows/ui_build', import.meta.url)),
    emptyOutDir: true,
  },
  server: {
    host: '127.0.0.1',
    port: 4301,
    strictPort: true,
    proxy: { '/api': new URL(api).origin },
  },
  test: { environment: 'node', include: ['src/**/*.test.js'] },
})
