package books

import "strings"

// The vocabulary, by part of speech, the commoner words first: a class is
// drawn from with weights that fall with rank, as words of real text do.
var (
	nouns = strings.Fields(`
		love life story world heart family night secret time town house truth past girl death home friend
		mother father day brother sister year city war dream murder summer husband power stranger king
		detective island danger book village daughter winter letter garden river body storm darkness promise enemy
		school killer son island mountain crime witness marriage memory affair soul passion road captain fortune lie
		shadow doctor kingdom wedding fate magic dragon queen prince betrayal bakery lawyer soldier neighbour teacher
		firefighter cowboy rancher librarian painter widow orphan spy journalist baker duchess viscount pirate
		sailor hunter guardian prisoner survivor scientist professor surgeon sheriff chef musician gardener blacksmith
		bookseller translator lighthouse cottage manor castle harbour library kitchen orchard vineyard desert forest
		meadow valley cliff shore bridge tower cellar attic stable market theatre museum hospital chapel monastery
		station railway ship ferry carriage bicycle lantern mirror necklace ring diary photograph painting map key
		violin piano recipe pistol poison candle blanket coat locket portrait manuscript ledger telegram treasure
		inheritance bargain deadline scandal rumour mystery puzzle riddle clue alibi verdict trial conspiracy
		revolution rebellion invasion siege famine plague miracle curse prophecy spell oath vow wager rivalry
		friendship courtship romance jealousy grief sorrow courage hope mercy revenge justice loyalty ambition
		obsession loneliness silence laughter desire temptation forgiveness redemption destiny freedom exile journey
		voyage expedition adventure quest escape rescue homecoming reunion beginning ending chapter volume edition
		collection anthology guide handbook history biography memoir essay lecture theory method principle lesson
		experiment discovery invention engine machine algorithm economy market currency merchant factory empire
		dynasty parliament minister ambassador general colonel lieutenant regiment battlefield trench harvest drought
		flood earthquake glacier volcano jungle monsoon horizon constellation planet galaxy satellite robot android
		laboratory virus vaccine fossil dinosaur whale wolf raven falcon tiger elephant sparrow terrier kitten pony
		grandmother grandfather cousin nephew uncle aunt twin bride groom bachelor heiress governess butler nanny
		apprentice mentor scholar pilgrim priest nun monk hermit wizard witch ghost vampire werewolf angel demon
		goddess giant dwarf mermaid unicorn phoenix sorcerer warrior knight archer gladiator samurai emperor
		sultan nomad trader smuggler gambler forger burglar hacker assassin bodyguard agent courier pilot astronaut
		mechanic carpenter tailor weaver potter farmer shepherd miller brewer innkeeper waitress barista
		dancer actress director producer novelist poet editor publisher critic photographer architect engineer`)
	verbs = strings.Fields(`
		find need know want discover change love leave face learn follow become follow seek lose protect uncover
		believe remember trust meet choose reveal return escape fight save hide survive fall risk turn draw build
		break keep hold call bring begin offer share promise haunt chase track hunt rescue steal betray forgive
		marry inherit restore abandon defend destroy threaten confront challenge tempt charm seduce deceive accuse
		suspect investigate interview question arrest poison murder bury unearth decipher translate publish paint
		sketch photograph bake cook serve plant harvest gather repair design invent measure explore map cross climb
		sail ride march command lead obey serve resist conquer besiege liberate unite divide govern crown exile
		curse bless summon banish heal wound nurse comfort console tease provoke surprise astonish enchant bewitch
		captivate inspire encourage persuade convince warn advise teach train coach guide explain describe examine
		analyse compare predict calculate simulate program connect separate balance transform reinvent rediscover
		cherish treasure mourn regret envy admire despise dread fear`)
	adjectives = strings.Fields(`
		new young old small true dark secret beautiful dangerous little perfect lost final hidden sweet deadly broken
		powerful best-selling gripping wealthy handsome mysterious quiet ruthless brilliant forbidden ancient modern
		lonely brave stubborn charming reckless wounded wicked gentle bitter golden silent frozen haunted abandoned
		crumbling remote coastal rural royal noble humble clever cunning loyal jealous furious restless fearless
		grumpy cheerful curious eccentric reclusive widowed divorced pregnant penniless disgraced exiled retired
		celebrated notorious infamous legendary forgotten unlikely unexpected unforgettable irresistible impossible
		inevitable heartbreaking heartwarming hilarious steamy thrilling chilling suspenseful atmospheric lyrical
		haunting tender witty poignant intimate epic sweeping magical enchanted cursed immortal supernatural
		medieval colonial imperial victorian edwardian postwar contemporary futuristic distant foreign tropical
		northern southern western eastern snowbound windswept moonlit rain-soaked sun-drenched candlelit glittering
		shabby elegant opulent modest practical comprehensive rigorous accessible authoritative illustrated concise
		essential definitive original provocative controversial influential philosophical political economic
		scientific mathematical statistical psychological spiritual historical fictional classic unabridged`)
	adverbs = strings.Fields(`
		never soon still always finally only slowly suddenly secretly desperately quickly deeply almost carefully
		quietly unexpectedly reluctantly bravely foolishly eventually immediately inevitably hopelessly madly
		stubbornly gently fiercely silently cleverly brilliantly vividly clearly honestly barely nearly wildly`)
	links = strings.Fields(`of of of in in to with for from by at on and and and behind beyond between under without
		against among across after before through beneath despite until`)
	starters = strings.Fields(`But And When Until Now Then Because Although While If As Once So Yet`)
	pronouns = strings.Fields(`she he she he she he it everyone nobody someone`)
	articles = strings.Fields(`the the the the the a a a a her his their one this every another no each that some`)

	foreign = strings.Fields(`naïve fiancé café rôle façade déjà-vu señor mañana doppelgänger über Ångström crème
		brûlée résumé protégé cliché élan smörgåsbord jalapeño Zürich München Málaga Kraków Łódź Reykjavík
		São Québec Ελλάδα Москва 東京 日本語 한국 मुंबई`)
	onsets  = strings.Fields(`b br ch d dr f fl fr g gr h j k kr l m n p pr qu r s sk st t th tr v w z`)
	nuclei  = strings.Fields(`a e i o u ai ea ee ie oa ou y é ö`)
	codas   = strings.Fields(`l ll n nd r rl rd lm mb v th sk lb nz rv st ld mp`)
	endings = strings.Fields(`son ton man ley ford field wood well er ez ini ova ski stein berg dale more a o y ine ette wick ham by holm`)

	genres = []string{
		"Action & Adventure (Books)", "Crime, Thriller & Mystery (Books)", "Contemporary Fiction (Books)",
		"Romance (Books)", "Biographies & Autobiographies (Books)", "Computing, Internet & Digital Media (Books)",
		"Sports (Books)", "Humour (Books)", "Arts, Film & Photography (Books)", "Politics (Books)",
		"Language, Linguistics & Writing (Books)", "Comics & Mangas (Books)", "Cinema & Broadcast (Books)",
		"International Relations", "Operating Systems Textbooks", "Algorithms", "Fantasy (Books)", "Short Stories (Books)",
		"Science Fiction (Books)", "Ancient History (Books)", "Dictionaries", "Handicrafts, Decorative Arts & Crafts (Books)",
	}
	bindings = []string{
		"Paperback", "Paperback", "Paperback", "Paperback", "Hardcover", "Mass Market Paperback", "Board book",
		"Sheet music", "Flexibound", "Cards",
	}
	months = strings.Fields(`Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec`)
)
