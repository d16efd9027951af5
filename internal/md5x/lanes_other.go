//go:build !amd64 || purego

package md5x

func haveLanes() bool { return false }

func sumLanes(dst [][Size]byte, msgs [][]byte) { sumEach(dst, msgs) }
