import { onMounted, onUnmounted, ref } from 'vue'

// Loads now and every few seconds as long as the page is shown. The last good answer stays when one fails.
export function usePolling(load, milliseconds = 3000) {
  const data = ref(null)
  const error = ref('')
  const now = ref(new Date())
  let timer
  let shown = true

  async function refresh() {
    clearTimeout(timer)
    try {
      data.value = await load()
      error.value = ''
    } catch (failure) {
      error.value = failure.message
    }
    now.value = new Date()
    if (shown) timer = setTimeout(refresh, milliseconds)
  }

  onMounted(refresh)
  onUnmounted(() => {
    shown = false
    clearTimeout(timer)
  })
  return { data, error, now, refresh }
}
