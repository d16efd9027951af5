package aggregate

// A group holds the values of one currency.
type group struct {
	currency Currency
	count    int64
	negative int64
	from     int64
	free     int64
	min, max float64 // of the values rounded to float64, which keeps their order
	sums     sums
	values   distribution
}

// Prices within these bounds are what their float64 shows: every decimal of 15
// digits survives the way to a normal float64 and back.
const (
	maxShownCoef = 1e15
	minShownExp  = -300
)

func (g *group) addPrice(p *Price) {
	d := &p.amount
	g.addRounded(d.Float64())
	g.sums.addDecimal(p.amount)
	if d.wide != "" || d.coef >= maxShownCoef || d.coef <= -maxShownCoef || d.exp < minShownExp {
		g.values.binary = true
	}
	if d.Sign() < 0 {
		g.negative++
	}
	switch p.mark {
	case markFrom:
		g.from++
	case markFree:
		g.free++
	}
}

func (g *group) addFloat(f float64) {
	g.addRounded(f)
	g.sums.addFloat(f)
	g.values.binary = true
	if f < 0 {
		g.negative++
	}
}

func (g *group) addRounded(f float64) {
	if g.count == 0 {
		g.min, g.max = f+0, f+0
	}
	g.min = min(g.min, f+0)
	g.max = max(g.max, f+0)
	g.count++
	g.values.add(f)
}

func (g *group) merge(o *group) {
	if o.count == 0 {
		return
	}
	if g.count == 0 {
		g.min, g.max = o.min, o.max
	}
	g.min = min(g.min, o.min)
	g.max = max(g.max, o.max)
	g.count += o.count
	g.negative += o.negative
	g.from += o.from
	g.free += o.free
	g.sums.merge(&o.sums)
	g.values.merge(&o.values)
}

func (g *group) clone() *group {
	c := &group{currency: g.currency}
	c.merge(g)
	return c
}
