// Whatever cannot be found from where it is imported is looked for here.
export async function resolve(name, context, next) {
  try {
    return await next(name, context)
  } catch (error) {
    return next(name, { ...context, parentURL: import.meta.url }).catch(() => {
      throw error
    })
  }
}
