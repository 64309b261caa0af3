"""How text lies on a page: every tolerance of the PDF reader, with its unit and the reason for its value.

pdfminer keeps those of its layout analysis in `LAParams` in the same way. Caps on work, such as how many rules or notes
are looked at, are not tolerances: they are constants of the module that they protect.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LayoutParams:
    """The tolerances, in these units.

    pt: points, 72 to the inch. em: the height of the font (`Line.size`) of the line in question. pitch: the usual
    distance between the baselines of a text. share: from 0 to 1. Counts say what they count.
    """

    # Letters and gaps (text_page.py)
    # Degrees that letters may lean: pdfium reports slanted letters as slightly turned; watermarks run at 45 or so.
    slant: float = 25.0
    # pt, where the file does not say: the commonest size of contracts.
    usual_size: float = 10.0
    # pt: a height outside this range comes from a broken font, and the usual size is nearer the truth.
    least_size: float = 0.5
    most_size: float = 500.0
    # pt: what is typed into a form field is as high as its box, within the sizes that people type in.
    typed_least: float = 4.0
    typed_most: float = 12.0
    # em by which the baseline lies above the bottom of the box: room for the tails of g and y.
    typed_baseline: float = 0.25
    # em: boxes whose bottoms differ by less are on one line; the tail of a letter makes up to a quarter.
    gap_height: float = 0.5
    # em: the gap between two columns of text; the spaces of a justified line stay below one.
    gap: float = 1.2
    # em: a line is cut here for good, so the gap must be clearer than one that only raises a suspicion.
    cut: float = 1.5
    # em between the letters of a line, and share of its usual gap, by which a gap must be wider to part two words:
    # narrow blanks take 0.16, and kerning moves letters by half of that.
    narrow_gap: float = 0.08
    wider_gap: float = 0.5
    # em between letters that stand apart; wider gaps are between the cells of a row.
    spaced_out: float = 0.8
    # em by which the baseline of a raised mark is above its line, and share of the size that it has at most.
    raised: float = 0.15
    raised_size: float = 0.85
    # em between a line and a piece of it that pdfium broke off behind a raised or lowered letter, from and to; em by
    # the smaller by which their baselines may differ; and em from which on there is a blank between them.
    piece_back: float = 0.15
    piece_gap: float = 0.6
    piece_step: float = 0.8
    piece_blank: float = 0.12
    # em between an "o" and its text that make it a bullet: a blank is half as wide.
    bullet_gap: float = 0.5

    # Line numbers in the margin (line_numbers.py)
    # Numbers that a page must have, on the first page that has any.
    numbered_lines: int = 5
    # The same where every fifth line is numbered.
    numbered_fifths: int = 3
    # Numbers of a page that is numbered from top to bottom: pleading paper has 25 to 32.
    numbered_full: int = 20
    # em from the outermost number within which the others begin: three digits are that much wider than one.
    numbered_reach: float = 1.5
    # Share of the steps from number to number, and of the distances between them, that must be the usual one.
    numbered_steps: float = 0.85
    # Share of the usual distance by which a distance may differ from it.
    numbered_uneven: float = 0.1
    # Share of the lines that the numbers count which must be there at least (blank lines may count), and at most.
    numbered_fewest: float = 0.4
    numbered_most: float = 1.3
    # Lines in which a sentence runs on from the line before.
    numbered_running: int = 2

    # Labels beside the text: marginal notes, terms of definitions (beside.py)
    # em from the left end of a line within which a gap is the one behind a clause number.
    number_width: float = 3.5
    # pt by which the left edges of one column may differ.
    beside_edge: float = 3.0
    # Rows, and labels, that must be there on a page.
    beside_rows: int = 2
    # Share of the rows that may have more than one piece on a side; more are those of a table.
    beside_cells: float = 0.2
    # Characters that the upper third of the lines of the text has at least.
    beside_text: int = 35
    # Share of the widest line of the text that the widest label takes at most.
    beside_width: float = 0.75

    # What shows (shown.py)
    # pt: a box narrower or lower than this is that of a space.
    nothing: float = 0.01
    # Share of the box of a text that must be inside its clip path: with less a closer look is needed.
    clip_shows: float = 0.5
    # Pixels in a point where a page is painted to see what shows: the dot of an i in 8 points is one.
    pixels: float = 1.5
    # The same for a first look, which is four times as fast and finds nearly all that shows.
    pixels_rough: float = 0.75

    # Replacement text (actual_text.py)
    # Characters of the longest replacement that stands for a ligature, a hyphen or an abbreviation.
    replaced_letters: int = 8
    # Share of its letters that the page must show: with fewer it stands for a picture or an ornament.
    replaced_share: float = 0.5

    # What is typed into a form (typed.py)
    # em between a tick and its label: half an inch.
    tick_reach: float = 3.0
    # em by which the middles of the two may differ in height: boxes are drawn higher or lower than letters.
    tick_off: float = 0.7
    # em from the baseline to the middle of letters.
    tick_middle: float = 0.3

    # What is there twice (doubles.py)
    # em, or heights of the letters: a second layer lies nearer to the first than the next line, which is above one.
    double_off: float = 0.8
    # Share of the width of a text that must lie over others to be the same text again.
    double_share: float = 0.6
    # Share of its pairs of letters that these must have: other lines share about a third of them.
    double_letters: float = 0.7
    # Share of the height of a letter that its box is wide at least.
    double_narrow: float = 0.5
    # Share of the letters of a piece by which one may be beside its place: some letters are narrow.
    double_uneven: float = 0.06
    # Width of an invisible layer that says something else, to that of what says the same: the recognition erred.
    double_wrong: float = 0.5
    # em for each letter of a line: narrow fonts have twice that on average.
    double_crowded: float = 0.22

    # Shares of a band of the sheet in which a font is tried out: the height of its letters, and their baseline.
    sample_size: float = 0.5
    sample_base: float = 0.3

    # What is covered (covered.py)
    # Of 255: by less, in each of red, green and blue, nobody can tell two colours apart.
    contrast: int = 12
    # pt: what is painted lower or narrower than this covers no word.
    cover_height: float = 4.0
    cover_width: float = 8.0
    # Share of the sheet from which on pictures are a scan, and the text under or over them is what they show.
    scan: float = 0.5
    # pt: letters narrower than this are too small to be seen; those of a font of one point are twice as wide.
    letter_least: float = 0.25
    # Share of the height of a word, at its middle, that is compared: what covers it may leave the tips.
    word_middle: float = 0.5
    # Letters of the covered words of a page that make a warning: fewer are tags of signing platforms.
    covered_letters: int = 12
    # The same for words under a box or a picture: a name is enough.
    boxed_letters: int = 4

    # What is struck out (struck.py)
    # pt: the thickest line that strikes out and does not cover, with what pdfium adds on both sides of a stroke.
    strike_height: float = 4.0
    # em above the baseline between which a line strikes out: an underline is below, a rule of a table above.
    strike_low: float = 0.12
    strike_high: float = 0.45
    # Share of such a line that must lie on the text: the rule of a form is longer.
    strike_shared: float = 0.75

    # Columns (reader.py, reading_order.py)
    # Gaps above one another that make a page worth a closer look, on a page of at least this many lines.
    interleaved_gaps: int = 6
    interleaved_lines: int = 8
    # em that the reading must go up to be in another column: a superscript or the next cell of a row is nearer.
    step_back: float = 1.5
    # Jumps from the foot of a column to the head of the next: up to five columns in the order of the file.
    column_jumps: int = 4
    # em: when lines are sorted, baselines in the same step of this height count as one line.
    sort_step: float = 0.6
    # Segments on a page, and in each column, below which they are a table or a signature block.
    column_segments: int = 12
    column_side: int = 5
    # Percent of the width of the text between which the gutter is sought: two columns may be uneven, not lopsided.
    gutter_first: int = 30
    gutter_last: int = 70
    # Share of the segments that may cross the gutter: headings and headers do, running text must not.
    gutter_crossed: float = 0.35
    # How often a column is searched for columns of its own: twice is enough for eight.
    column_depth: int = 2
    # Columns of prose are filled: share of the column that the median line takes, and characters that it has.
    column_fill: float = 0.6
    column_text: int = 18

    # Bullets and numbers painted apart from their text (reading_order.py)
    # em between the baselines of a marker and its text: symbol fonts sit a little higher or lower.
    marker_drop: float = 0.35
    # em between a marker and its text: as far as a tab stop of a deeply indented list.
    marker_reach: float = 8.0
    # pt by which the two may overlap: boxes of letters are wider than what is painted.
    marker_overlap: float = 1.0

    # Numbers at the ends of rows: on as many rows they are a column (reading_order.py).
    row_ends: int = 3
    # em that a digit takes at most.
    digit_width: float = 0.8

    # Drop capitals (reading_order.py)
    # Share of the usual size that a letter has at least to be one, and em between it and the rest of its word.
    capital_size: float = 1.4
    capital_reach: float = 1.2

    # Lines (paragraphs.py, running.py)
    # em: pieces whose baselines differ by less are one line, superscripts included.
    same_line: float = 0.4
    # em: baselines between these distances are consecutive lines, from set solid to triple spacing.
    pitch_least: float = 0.5
    pitch_most: float = 4.0
    # em, for text of which only one line is there: the line spacing that Word and LaTeX use by default is near it.
    pitch_usual: float = 1.3
    # Share of the commonest distance: the smallest distance that is about as common is that of lines.
    pitch_common: float = 0.5
    # Characters from which on a line is running text, and not a heading, an address or a cell.
    prose: int = 40

    # The right margin (paragraphs.py)
    # Lines of prose needed before their ends are compared; of fewer, the widest decides.
    margin_lines: int = 10
    # Share of the line ends below the usual one: the longest tenth may stick out.
    margin_rank: float = 0.9
    # Share of the width of the text by which a line must pass the usual end to stick out.
    margin_passed: float = 0.15
    # Share of the lines that must end near the usual end: else the text is ragged and has none.
    margin_near: float = 0.6
    # em: a line is full when the next word would end within this distance of the margin.
    full: float = 0.5

    # Paragraphs (paragraphs.py)
    # pitch, and pt for rounding: a larger step separates paragraphs. Word's 6 pt after a paragraph exceed it.
    paragraph_step: float = 1.35
    paragraph_slack: float = 1.0
    # pitch: no sentence goes on across a larger gap; a page number between two pages of text fits in it.
    sentence_step: float = 12.0
    # Share of the larger size: a larger change ends a paragraph; a smaller one comes from rounding.
    size_change: float = 0.15
    # em: a line that begins further to the right than the one before, after a full stop, begins a paragraph.
    indent: float = 1.2
    # Lines of a bold heading before text that is not bold.
    bold_lines: int = 2
    # Share of the lines from which on bold is the usual face of a document and marks no heading.
    bold_usual: float = 0.4
    # Share of the usual size: notes are set two points smaller, and running text is not.
    small_print: float = 0.85

    # Headings (paragraphs.py)
    # Share of the usual size: headings are set a size larger (12 pt over 10 pt).
    heading_size: float = 1.15
    # Lines and characters of the longest heading. One more line is read to see that a paragraph is longer.
    heading_lines: int = 3
    heading_text: int = 120

    # Rules and tables (rules.py, tables.py)
    # pt by which the ends of a rule may differ in height: it is level all the same.
    rule_level: float = 1.0
    # pt: shorter strokes are letters and dots; pdfplumber's edge_min_length.
    rule_least: float = 3.0
    # pt: a filled area that is thicker than this both ways is no rule but the shade of a cell or a line. Rules
    # alone leave a page blank.
    rule_thick: float = 3.0
    # pt: the narrowest table and the lowest row that are worth looking for.
    table_width: float = 20.0
    table_height: float = 8.0
    # pt: pdfplumber's default tolerance for all its steps.
    table_snap: int = 3
    # pt by which a line may lie outside a table's frame and still belong to it, down and across.
    table_over: float = 1.0
    table_aside: float = 2.0
    # Share of a table's characters that its cells may miss: with more missing, the plain lines are better.
    table_lost: float = 0.01

    # Running headers and footers (running.py)
    # Lines at the top, and at the bottom, of a page that may be headers or footers.
    edge_lines: int = 6
    # Share of the sheet that counts as its edge: letterheads with an address reach that far.
    edge_zone: float = 0.25
    # Characters from which on the same words at the edge of pages are a header at any height.
    running_text: int = 30
    # pt: shorter headers must stand at the same height, counted in steps of a line; one step off is the same.
    running_height: int = 12
    # Pages that must have a line for it to be a header, in documents of up to `short` pages and in longer ones.
    short: int = 3
    short_repeats: int = 2
    repeats: int = 3
    # Pages, and share of all pages, on which a long line is a header without other signs.
    many_pages: int = 5
    many: float = 0.2
    # The same for any line: what half of all pages show at their edge is not a clause.
    most_pages: int = 4
    most: float = 0.5
    # Outermost lines among which a page number is taken for one without a header next to it.
    number_lines: int = 3
    # Characters of the longest page number ("- Page 12 of 345 -").
    number_text: int = 20
    # em between a header and the text: a line of the text follows closer than this.
    running_gap: float = 1.6
    # Share of the pages on which a number must go up with the pages, or stay the same, to be that of the page.
    counted: float = 0.6
    # Share of the characters that a copy has in common with its original: names and dates differ.
    copied: float = 0.8
    # Page numbers inside pages: how many there must be, the largest step, and the share of steps that must fit.
    inner_numbers: int = 3
    inner_step: int = 2
    inner_fit: float = 0.7

    # Pages that hold no running text (painted.py, unread.py)
    # Share of the page: a picture that large is the ground of the page, and text before it lies under it.
    background: float = 0.05
    # pt: a picture that low may be a letter.
    letter_most: float = 40.0
    # Share of the page that pictures cover: with few words, with no more than a stamp, and without any.
    covered: float = 0.45
    covered_stamped: float = 0.25
    covered_silent: float = 0.1
    # Shapes that may be letters, and the share of the page over which they lie: some lines of outlines.
    outlines: int = 100
    outlines_spread: float = 0.05
    # Strokes in a row of pixels of a cell, and such rows in it, that make it print (ink.py): letters have a stroke or
    # two each, and rules none.
    print_strokes: int = 3
    print_rows: int = 4
    # Words in running text, and words of any kind, from which on a page with a picture behind them is read: stamps,
    # certificates of signing platforms and captions have fewer.
    running_words: int = 40
    many_words: int = 150
    # Lines of the longest notice that is printed on scans, and the pages that must have it.
    legend_lines: int = 12
    legend_pages: int = 3
    # Words that text recognition must have left for a page to be read: in invisible ink, and under the picture, where
    # some programs put stamps as well.
    invisible_words: int = 4
    under_words: int = 20
    # Signs without a letter, and their share of a page, from which on text is lost: fewer are symbols.
    garbled: int = 25
    garbled_share: float = 0.06
    # Share of a line's signs that stand for no letter, from which on the rest of it means nothing either.
    garbled_line: float = 0.4
    # Letters of a font that must be painted alike to be boxes.
    alike: int = 8
    # Words in running text for each unread page, below which a document has nothing to analyse.
    refused_words: int = 20
    # Words in running text below which what stands on an unread page is a stamp.
    stamp_words: int = 8

    # Text recognition (recognised.py)
    # Share of the usual size of a page within which sizes are the same: they are measured on a few letters.
    recognised_size: float = 0.2
    # Height of a font as pdfium has it, of the one that is measured from the tallest to the lowest letter.
    recognised_height: float = 1.1


LAYOUT = LayoutParams()
