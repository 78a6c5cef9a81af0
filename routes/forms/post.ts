import { endpoint, page, preflight } from '../_endpoint.js'

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>An order</title></head>
<body>
<h1>An order</h1>
<form method="post" action="/post">
<p><label>Name: <input name="custname" autocomplete="name"></label></p>
<p><label>Telephone: <input type="tel" name="custtel" autocomplete="tel"></label></p>
<p><label>E-mail: <input type="email" name="custemail" autocomplete="email"></label></p>
<fieldset><legend>Size</legend>
<label><input type="radio" name="size" value="small"> small</label>
<label><input type="radio" name="size" value="medium"> medium</label>
<label><input type="radio" name="size" value="large"> large</label>
</fieldset>
<fieldset><legend>Toppings</legend>
<label><input type="checkbox" name="topping" value="bacon"> bacon</label>
<label><input type="checkbox" name="topping" value="cheese"> cheese</label>
<label><input type="checkbox" name="topping" value="onion"> onion</label>
<label><input type="checkbox" name="topping" value="mushroom"> mushroom</label>
</fieldset>
<p><label>Time of delivery: <input type="time" name="delivery" min="11:00" max="21:00" step="900"></label></p>
<p><label>Remarks: <textarea name="comments"></textarea></label></p>
<p><button>Order</button></p>
</form>
</body>
</html>
`

/** A form for /post. */
export const GET = endpoint((_req, head) =>
  page(head, PAGE, "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
)
export const OPTIONS = preflight
